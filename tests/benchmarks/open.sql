-- {handoffs} open handoffs of leads that hold, shared by {desks} teams and their reps, with two running clocks each. At half
-- past four on the Monday on which the base stands, each clock has one step or one breach due: what came before is done.
SET synchronous_commit = off;

CREATE TEMPORARY TABLE opened AS
SELECT n, lead_id, total, fit, interest, timing, grade, publication_id, team.id AS team_id, rep.id AS rep_id,
       (SELECT id FROM sla_policy WHERE slug = 'bench') AS policy_id, n % 100 > 0 AND n % 10 > 0 AS is_claimed, n % 100 = 0 AS is_free,
       touch AS touch_at, CASE WHEN touch < {at} + interval '150 min' THEN 2 WHEN touch < {at} + interval '210 min' THEN 1 ELSE 0 END AS touch_done,
       verdict AS verdict_at, CASE WHEN verdict < {at} - interval '4 days' + interval '450 min' THEN 1 ELSE 0 END AS verdict_done,
       CASE WHEN n % 5 < 2 THEN {at} + interval '8 hours' + n % 97 * interval '1 hour' END AS next_at
FROM (SELECT row_number() OVER (ORDER BY hashint8extended(lead_id, 51)) - 1 AS n, leads_leadscore.*
      FROM leads_leadscore WHERE is_mql ORDER BY 1 LIMIT {handoffs}) holding,
     LATERAL (SELECT n * 7919 % 10 AS dice, n * 104729 % 1000 / 1000.0::float8 AS part, n % {desks} AS desk, n / {desks} % 25 AS place) own,
     LATERAL (SELECT {at} + interval '1 min' * CASE WHEN dice < 7 THEN 210 + 29 * part WHEN dice < 9 THEN 150 + 59 * part ELSE 149 * part END AS touch,
                     {at} - interval '4 days' + interval '1 min' * CASE WHEN dice < 8 THEN 450 + 29 * part ELSE 449 * part END AS verdict) clocks,
     people_team team, people_user rep
WHERE team.slug = 'desk' || desk AND rep.username = 'desk' || desk || 'rep' || place;

INSERT INTO queue_handoff (id, lead_id, team_id, route, opened_at, raised_at, opening_note, publication_id, is_paced, total, fit, interest,
                           timing, grade, reasons, source, policy_id, priority, assigned_to_id, claimed_by_id, claimed_at, due_at,
                           touches_count, next_step_at, is_imported_history, verdict, version)
SELECT n + 1, lead_id, team_id, CASE WHEN n % 8 = 0 THEN 'fast_lane' ELSE 'score' END, verdict_at, touch_at, '', publication_id, false,
       total, fit, interest, timing, grade,
       (SELECT jsonb_agg(jsonb_build_object('rule', 'r' || place, 'name', 'Reason ' || place, 'dimension', (ARRAY['fit', 'interest', 'timing'])[1 + place % 3],
                                            'points', 20 - place, 'count', 1 + (n + place) % 4)) FROM generate_series(1, 5) place),
       'web', policy_id, CASE WHEN n % 50 = 7 THEN 1 ELSE 0 END, CASE WHEN NOT is_claimed AND NOT is_free THEN rep_id END,
       CASE WHEN is_claimed THEN rep_id END, CASE WHEN is_claimed THEN verdict_at END,
       least(touch_at + interval '4 hours', verdict_at + interval '4 days', next_at), n % 3, next_at, false, '', 1
FROM opened;

INSERT INTO queue_clock (handoff_id, metric, round, started_at, due_at, ending, hours_id, policy_id, acts_at, steps_done)
SELECT n + 1, metric, round, since, due, '', hours.id, policy_id, acts, done
FROM opened, sla_pinnedhours hours,
     LATERAL (VALUES ('first_touch', 2, touch_at, touch_at + interval '4 hours', touch_at + interval '1 hour' * ('{2,4,5}'::int[])[touch_done + 1], touch_done),
                     ('verdict', 1, verdict_at, verdict_at + interval '4 days', verdict_at + interval '4 days' - interval '2 hours' * (1 - verdict_done), verdict_done)) clock (metric, round, since, due, acts, done)
WHERE hours.value ->> 'zone' = (ARRAY['Europe/Amsterdam', 'Europe/Berlin', 'Europe/Paris'])[1 + n % {desks} % 3];

INSERT INTO queue_breach (clock_id, due_at, holder_id, recorded_at)
SELECT clock.id, clock.due_at, CASE WHEN NOT is_free THEN rep_id END, clock.due_at
FROM opened JOIN queue_clock clock ON clock.handoff_id = n + 1 AND metric = 'first_touch' WHERE touch_done = 2;
INSERT INTO queue_assignment (handoff_id, user_id, how, note, started_at, ended_because)
SELECT n + 1, rep_id, CASE WHEN is_claimed THEN 'claim' ELSE 'rotation' END, '', verdict_at, '' FROM opened WHERE NOT is_free;
INSERT INTO queue_nextstep (handoff_id, what, at, created_at, by_id)
SELECT n + 1, 'Call about the offer', next_at, verdict_at, rep_id FROM opened WHERE next_at IS NOT NULL;
-- Over a weekend, which takes no business time.
INSERT INTO queue_snooze (handoff_id, at, until, reason, ended_at, by_id)
SELECT n + 1, {at} - interval '64 hours', {at}, 'Asked for Monday', {at}, rep_id FROM opened WHERE n % 5 = 0;
UPDATE leads_lead SET stage = 'mql', owner_id = CASE WHEN is_claimed THEN rep_id END FROM opened WHERE id = lead_id;
SELECT setval(pg_get_serial_sequence('queue_handoff', 'id'), {handoffs});
DROP TABLE opened;
