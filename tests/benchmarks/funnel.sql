-- The figures of the funnel in total, by team, route and week, and its leaks.
WITH rows AS MATERIALIZED (
  SELECT h.team_id, h.route, date_trunc('week', h.opened_at AT TIME ZONE 'Europe/Amsterdam') AS week, h.verdict, x.reason_id, h.opened_at,
         h.touched_at, h.connected_at, coalesce(q.at, h.closed_at) AS qualified_at, q.opportunity_at, d.at AS won_at,
         h.closed_at IS NOT NULL OR h.opened_at <= %(at)s - interval '42 days' AS is_settled,
         h.verdict = 'qualified' AND d.is_won IS NULL AND l.stage IN ('sql', 'opportunity') AS is_undecided,
         CASE WHEN h.verdict = 'qualified' THEN CASE WHEN coalesce(d.is_won, l.stage = 'customer') THEN 5
              WHEN q.opportunity_at IS NOT NULL OR l.stage = 'opportunity' THEN 4 ELSE 3 END
              WHEN h.connected_at IS NOT NULL THEN 2 WHEN h.touched_at IS NOT NULL THEN 1 ELSE 0 END AS step
  FROM queue_handoff h JOIN leads_lead l ON l.id = h.lead_id LEFT JOIN queue_qualification q ON q.handoff_id = h.id
  LEFT JOIN queue_deal d ON d.handoff_id = h.id LEFT JOIN queue_disqualification x ON x.handoff_id = h.id
  WHERE h.opened_at >= %(since)s AND h.opened_at < %(until)s AND h.verdict <> 'merged')
SELECT team_id, route, week, verdict, reason_id, count(*), count(*) FILTER (WHERE step >= 1), count(*) FILTER (WHERE step >= 2),
       count(*) FILTER (WHERE step >= 3), count(*) FILTER (WHERE step >= 4), count(*) FILTER (WHERE step >= 5), count(*) FILTER (WHERE is_settled),
       count(*) FILTER (WHERE is_settled AND step >= 3), count(*) FILTER (WHERE is_settled AND NOT is_undecided AND step >= 5),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY touched_at - opened_at) FILTER (WHERE step >= 1),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY connected_at - opened_at) FILTER (WHERE step >= 2),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY qualified_at - opened_at) FILTER (WHERE step >= 3),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY won_at - opened_at) FILTER (WHERE step >= 5)
FROM rows GROUP BY GROUPING SETS ((), (team_id), (route), (week), (verdict, reason_id))
