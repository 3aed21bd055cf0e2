-- One handoff for each of {leads} leads, all closed, with a closed clock for the first touch, a touch and its holder.
-- Of ten, seven were touched in time, two late and one never; one in four became an SQL, half of these were won.
SET synchronous_commit = off;

CREATE TEMPORARY TABLE done AS
SELECT lead.id AS n, lead.id AS lead_id, team.id AS team_id, rep.id AS rep_id, policy.id AS policy_id, opened_at, dice,
       opened_at + interval '4 hours' AS due_at,
       opened_at + interval '1 second' * CASE WHEN dice < 7 THEN 60 + 14000 * part ELSE 14500 + 90000 * part END AS stopped_at
FROM leads_lead lead,
     LATERAL (SELECT {at} - interval '1 second' * (hashint8extended(lead.id, 61) & 8388607) * 1.8 AS opened_at,
                     lead.id * 7919 % 10 AS dice, lead.id * 104729 % 100003 / 100003.0::float8 AS part,
                     lead.id % {desks} AS desk, lead.id / {desks} % 25 AS place) own,
     people_team team, people_user rep, sla_policy policy
WHERE team.slug = 'desk' || desk AND rep.username = 'desk' || desk || 'rep' || place AND policy.slug = 'bench';

INSERT INTO queue_handoff (id, lead_id, team_id, route, opened_at, opening_note, is_paced, total, fit, interest, timing, grade, reasons, source,
                           policy_id, priority, claimed_by_id, claimed_at, seen_at, touched_at, connected_at, touches_count, closed_at, verdict,
                           is_imported_history, version)
SELECT n, lead_id, team_id, (ARRAY['score', 'fast_lane', 'product', 'manual'])[1 + n % 4], opened_at, '', false, 60, 20, 20, 20, 'B2', '[]', 'web',
       policy_id, 0, rep_id, opened_at + interval '1 minute', opened_at + interval '2 minutes', CASE WHEN dice < 9 THEN stopped_at END,
       CASE WHEN dice < 5 THEN stopped_at END, 1, stopped_at + interval '3 days',
       (ARRAY['qualified', 'disqualified', 'lapsed', 'cooled'])[1 + n / 4 % 4], false, 1
FROM done;

INSERT INTO queue_clock (handoff_id, metric, round, started_at, due_at, stopped_at, ending, elapsed, hours_id, policy_id, steps_done)
SELECT n, 'first_touch', 1, opened_at, due_at, stopped_at, CASE WHEN dice < 9 THEN 'met' ELSE 'cancelled' END, stopped_at - opened_at, hours.id, policy_id, 0
FROM done, (SELECT min(id) AS id FROM sla_pinnedhours) hours;
INSERT INTO queue_touch (handoff_id, by_id, channel, direction, outcome, at, logged_at, note, evidence)
SELECT n, rep_id, 'call', 'out', 'voicemail', stopped_at, stopped_at + interval '1 hour' * (n % 3), '', '' FROM done WHERE dice < 9;
INSERT INTO queue_assignment (handoff_id, user_id, how, note, started_at, ended_at, ended_because)
SELECT n, rep_id, 'claim', '', opened_at + interval '1 minute', stopped_at + interval '3 days', '' FROM done;
INSERT INTO queue_qualification (handoff_id, by_id, at, budget, budget_note, authority, authority_note, need, need_note, timeline, timeline_note,
                                 takes_over_id, currency, budget_state, role, others, strength)
SELECT n, rep_id, stopped_at + interval '3 days', 'yes', '', 'yes', '', 'yes', '', 'yes', '', rep_id, 'EUR', '', '', '', 12 FROM done WHERE n / 4 % 4 = 0;
INSERT INTO queue_deal (handoff_id, is_won, value, currency, lost_because, competitor, by_id, at)
SELECT n, n / 16 % 2 = 0, 1000, 'EUR', '', '', rep_id, stopped_at + interval '20 days' FROM done WHERE n / 4 % 4 = 0;
SELECT setval(pg_get_serial_sequence('queue_handoff', 'id'), {leads});
DROP TABLE done;
