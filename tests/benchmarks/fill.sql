-- Leads and what they did, decided by hash functions of their numbers, so that every base of a size is the same one.
-- {leads} and {activities} are counts; {at} is the instant at which the base stands; ids start at 1.
SET synchronous_commit = off;

CREATE FUNCTION pg_temp.chance(n bigint, salt bigint) RETURNS float8 IMMUTABLE LANGUAGE sql
AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496.0::float8';
CREATE FUNCTION pg_temp.pick(n bigint, salt bigint, options text[]) RETURNS text IMMUTABLE LANGUAGE sql
AS 'SELECT options[1 + floor(pg_temp.chance(n, salt) * cardinality(options))::int]';

INSERT INTO leads_company (id, name, domain, industry, employees, annual_revenue, country)
SELECT n, 'Company ' || n, 'company' || n || '.example',
       pg_temp.pick(n, 1, '{Software,Logistics,Finance,Manufacturing,Retail,Health,Education,Energy}'),
       floor(exp(pg_temp.chance(n, 2) * 8))::int, round((pg_temp.chance(n, 3) * 1e8)::numeric, 2),
       pg_temp.pick(n, 4, '{NL,BE,DE,DE,FR,GB,US,PL,IT,ES}')
FROM generate_series(1, greatest({leads} / 5, 1)) n;

INSERT INTO leads_lead (id, external_id, email, first_name, last_name, title, phone, country, language, company_id, traits,
                        source, original_source, campaign, email_is_free, email_is_disposable, stage, stage_since,
                        team_id, is_imported_history, created_at, updated_at)
SELECT n, 'crm-' || n,
       'lead' || n || '@' || CASE WHEN is_free THEN 'gmail.com' ELSE 'company' || (n % greatest({leads} / 5, 1) + 1) || '.example' END,
       pg_temp.pick(n, 11, '{Anna,Bram,Chris,Daan,Eva,Finn,Greta,Hugo}'), 'Vogt ' || n,
       pg_temp.pick(n, 12, '{Head of,Director of,Chief of,Manager of,Specialist in,Assistant in,Student of,Intern in}') || ' '
       || pg_temp.pick(n, 13, '{Sales,Marketing,Operations,Finance,Product,Logistics}'),
       '+3120' || 1000000 + n % 8999999, pg_temp.pick(n, 14, '{NL,BE,DE,DE,FR,GB,US,PL,IT,ES}'), 'en',
       CASE WHEN NOT is_free THEN n % greatest({leads} / 5, 1) + 1 END,
       jsonb_build_object('team_size', floor(exp(pg_temp.chance(n, 15) * 5)),
                          'plan', pg_temp.pick(n, 16, '{free,free,starter,business,enterprise}'))
       || CASE WHEN n % 2 = 0 THEN jsonb_build_object('interests', jsonb_build_array(
              pg_temp.pick(n, 17, '{automation,security,pricing,reporting,training,hiring}'),
              pg_temp.pick(n, 18, '{support,uptime,mobile}'))) ELSE '{}' END,
       pg_temp.pick(n, 19, '{web,ads,event,partner,referral}'), pg_temp.pick(n, 20, '{web,ads,event,partner}'), '',
       is_free, false,
       (CASE WHEN n % 10 < 3 THEN 'subscriber' WHEN n % 100 = 99 THEN 'customer' ELSE 'lead' END), born, 1, false, born, born
FROM generate_series(1::bigint, {leads}) n,
     LATERAL (SELECT pg_temp.chance(n, 10) < 0.25 AS is_free,
                     {at} - (1 - n / ({leads} + 1.0::float8)) * interval '730 days' AS born) own;

-- Visits of three activities each, some of them at the same time; six leads in ten do something, a few do hundreds. They
-- are written in the order in which they happened, as in real life, so no lead's activities lie together.
INSERT INTO leads_activity (id, lead_id, source, source_id, kind, occurred_at, received_at, properties, is_machine, waits_key)
SELECT n, CASE WHEN lead > known THEN lead % greatest(known, 1) + 1 ELSE lead END, CASE WHEN kind LIKE 'email%' THEN 'mail' ELSE 'web' END, n, kind, happened,
       happened + interval '2 seconds',
       CASE
           WHEN kind = 'page_view' THEN jsonb_build_object(
               'url', 'https://www.example.com' || (
                   '{/pricing/,/product/,/product/,/product/,/blog/,/blog/,/blog/,/blog/,/docs/,/docs/,/docs/,/careers/,'
                   '/compare/,/alternatives/,/about/,/customers/,/customers/,/events/,/press/,/}'::text[])[1 + page % 20] || page,
               'seconds', floor(-90 * ln(1 - pg_temp.chance(n, 35))))
           WHEN kind = 'content_download' THEN jsonb_build_object(
               'content', 'Paper ' || page % 100, 'topic', (topics)[1 + page % 6])
           WHEN kind LIKE 'webinar%' THEN jsonb_build_object('event', 'Webinar ' || page % 50, 'topic', (topics)[1 + page % 6])
           WHEN kind LIKE 'email%' THEN jsonb_build_object('campaign', 'Newsletter ' || page % 60, 'subject', 'News ' || page)
           WHEN kind = 'form_submission' THEN jsonb_build_object('form', 'Form ' || page % 20)
           ELSE jsonb_build_object('content', 'Thing ' || page % 200)
       END,
       kind IN ('email_opened', 'email_clicked') AND pg_temp.chance(n, 36) < 0.2, ''
FROM generate_series(1::bigint, {activities}) n,
     LATERAL (SELECT {at} - (1 - n / ({activities} + 1.0::float8)) * interval '180 days' AS happened,
                     n / 300 * 100 + n % 100 AS visit, '{security,automation,growth,hiring,data,costs}'::text[] AS topics,
                     floor(2000 * power(pg_temp.chance(n, 34), 2))::int AS page, pg_temp.chance(n, 33) AS dice) happening,
     LATERAL (SELECT 1 + floor({leads} * 0.6 * power(pg_temp.chance(visit, 31), 1.5))::bigint * 7368787 % {leads} AS lead,
                     floor({leads} * (1 - (1 - n / ({activities} + 1.0::float8)) * 180 / 730))::bigint - 1 AS known,
                     CASE
                         WHEN dice < 0.52 THEN 'page_view' WHEN dice < 0.68 THEN 'email_delivered'
                         WHEN dice < 0.79 THEN 'email_opened' WHEN dice < 0.83 THEN 'email_clicked'
                         WHEN dice < 0.86 THEN 'content_download' WHEN dice < 0.88 THEN 'form_submission'
                         WHEN dice < 0.90 THEN 'webinar_registered' WHEN dice < 0.91 THEN 'webinar_attended'
                         WHEN dice < 0.93 THEN 'product_use' WHEN dice < 0.97 THEN 'ad_click'
                         WHEN dice < 0.98 THEN 'event_attended' WHEN dice < 0.982 THEN 'unsubscribed'
                         WHEN dice < 0.984 THEN 'trial_started' ELSE 'social_engagement'
                     END AS kind) doing
ORDER BY n;

INSERT INTO leads_leadscore (lead_id, publication_id, total, fit, interest, timing, grade, is_mql, is_moving, scored_at, crosses_at)
SELECT n, (SELECT min(id) FROM scoring_publication), fit + interest + timing, fit, interest, timing, 'B3',
       pg_temp.chance(n, 41) < 0.07, n % 2 = 0, {at} - interval '1 hour',
       CASE WHEN n % 10 = 0 THEN {at} + (1 + pg_temp.chance(n, 42) * 60) * interval '1 day' END
FROM generate_series(1::bigint, {leads}) n,
     LATERAL (SELECT pg_temp.chance(n, 43) * 40 AS fit, pg_temp.chance(n, 44) * 40 AS interest,
                     pg_temp.chance(n, 45) * 20 AS timing) points;

SELECT setval(pg_get_serial_sequence(name, 'id'), {activities} + {leads})
FROM unnest('{leads_company,leads_lead,leads_activity}'::text[]) name;
DROP FUNCTION pg_temp.pick, pg_temp.chance;
