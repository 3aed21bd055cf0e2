-- The figures of the SLA report in total, by team, by week and by outcome: its clocks once, every percentile exact.
WITH rows AS MATERIALIZED (
  SELECT h.team_id, date_trunc('week', h.opened_at AT TIME ZONE 'Europe/Amsterdam') AS week, h.verdict, c.elapsed, c.ending,
         c.stopped_at - h.opened_at AS human, greatest(h.opened_at - a.occurred_at, interval '0') AS delay,
         CASE WHEN c.due_at IS NULL THEN 'unmeasured'
              WHEN c.stopped_at IS NULL THEN CASE WHEN c.due_at < %(at)s THEN 'never' ELSE 'running' END
              WHEN c.ending = 'met' THEN CASE WHEN c.stopped_at <= c.due_at THEN 'in_time' ELSE 'late' END
              WHEN c.stopped_at > c.due_at THEN 'never' WHEN c.ending = 'at_sight' THEN 'at_sight' ELSE 'cancelled' END AS outcome
  FROM queue_handoff h LEFT JOIN queue_clock c ON c.handoff_id = h.id AND c.metric = 'first_touch' AND c.round = 1
  LEFT JOIN leads_activity a ON a.id = h.trigger_id
  WHERE h.opened_at >= %(since)s AND h.opened_at < %(until)s AND NOT h.is_imported_history AND h.verdict <> 'merged')
SELECT team_id, week, outcome, count(*), count(*) FILTER (WHERE outcome = 'in_time'), count(*) FILTER (WHERE outcome = 'late'),
       count(*) FILTER (WHERE outcome = 'never'), count(*) FILTER (WHERE outcome = 'at_sight'), count(*) FILTER (WHERE outcome = 'running'),
       count(*) FILTER (WHERE outcome = 'cancelled'), count(*) FILTER (WHERE outcome = 'unmeasured'), count(*) FILTER (WHERE verdict = 'qualified'),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY elapsed) FILTER (WHERE outcome IN ('in_time', 'late')),
       percentile_disc(0.9) WITHIN GROUP (ORDER BY elapsed) FILTER (WHERE outcome IN ('in_time', 'late')),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY human) FILTER (WHERE outcome IN ('in_time', 'late')),
       percentile_disc(0.9) WITHIN GROUP (ORDER BY human) FILTER (WHERE outcome IN ('in_time', 'late')),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY delay), percentile_disc(0.9) WITHIN GROUP (ORDER BY delay)
FROM rows GROUP BY GROUPING SETS ((), (team_id), (week), (outcome));
SELECT h.team_id, count(DISTINCT c.id) FROM queue_clock c JOIN queue_handoff h ON h.id = c.handoff_id
JOIN queue_touch t ON t.handoff_id = c.handoff_id AND t.at = c.stopped_at AND t.logged_at > c.due_at
WHERE c.ending = 'met' AND c.stopped_at <= c.due_at AND h.opened_at >= %(since)s AND h.opened_at < %(until)s GROUP BY 1;
-- Who held each breach, and whether it was opened or touched: its causes without business time and capacity.
SELECT a.user_id IS NULL, h.seen_at <= c.due_at, h.touched_at <= c.due_at, c.stopped_at IS NULL, count(*)
FROM queue_clock c JOIN queue_handoff h ON h.id = c.handoff_id
LEFT JOIN queue_assignment a ON a.handoff_id = h.id AND a.started_at <= c.due_at AND (a.ended_at IS NULL OR a.ended_at > c.due_at)
WHERE ((c.stopped_at IS NULL AND c.due_at < %(at)s) OR c.stopped_at > c.due_at) AND h.opened_at >= %(since)s AND h.opened_at < %(until)s
GROUP BY 1, 2, 3, 4
