-- What a person who knows PostgreSQL would write for the thirty rules of model.py, in one statement: the activities that
-- some rule counts are sorted twice, and every rule's ranks come from windows that share those sorts (days lie within
-- weeks). OFFSET 0 keeps the planner from taking the properties apart again at each step. {at} is the instant; the data
-- are in lower case, so the statement need not fold them.
WITH seen AS (
    SELECT lead_id, occurred_at, kind, properties ->> 'url' AS url, properties ->> 'topic' AS topic,
           (properties ->> 'seconds')::float8 AS seconds,
           date_part('epoch', {at} - occurred_at) / 86400 AS age,
           occurred_at AT TIME ZONE 'Europe/Amsterdam' AS local
    FROM leads_activity
    WHERE lead_id IS NOT NULL AND occurred_at <= {at} AND NOT is_machine
      AND kind NOT IN ('email_delivered', 'social_engagement')
), lately AS (
    SELECT lead_id, date_part('epoch', {at} - max(occurred_at)) / 86400 AS last_age
    FROM leads_activity
    WHERE lead_id IS NOT NULL AND occurred_at <= {at} AND NOT is_machine
    GROUP BY lead_id
), flagged AS (
    SELECT lead_id, occurred_at, kind, age,
           local::date AS day, date_trunc('week', local) AS week, date_trunc('month', local) AS month,
           kind = 'page_view' AS visit,
           kind = 'page_view' AND url LIKE '%/pricing/%' AS pricing,
           kind = 'page_view' AND url LIKE '%/product/%' AS product,
           kind = 'page_view' AND seconds >= 120 AS long,
           kind = 'page_view' AND url LIKE 'https://www.example.com/blog/%' AS blog,
           kind = 'page_view' AND url LIKE '%/careers/%' AS careers,
           kind = 'page_view' AND (url LIKE '%/compare/%' OR url LIKE '%/alternatives/%') AS compare,
           kind IN ('content_download', 'webinar_attended') AND topic IN ('security', 'automation') AS about,
           kind IN ('webinar_registered', 'webinar_attended') AS webinar,
           kind IN ('product_use', 'trial_started') AND age < 21 AS uses
    FROM seen
    OFFSET 0
), ranked AS (
    SELECT flagged.*,
           count(*) FILTER (WHERE pricing) OVER days AS pricing_place,
           count(*) FILTER (WHERE product) OVER days AS product_place,
           count(*) FILTER (WHERE compare) OVER days AS compare_place,
           count(*) FILTER (WHERE kind = 'email_opened') OVER days AS opened_place,
           count(*) FILTER (WHERE kind = 'email_clicked') OVER days AS clicked_place,
           count(*) FILTER (WHERE visit AND age < 14) OVER days AS often_place,
           count(*) FILTER (WHERE uses) OVER days AS uses_place,
           count(*) FILTER (WHERE visit) OVER weeks AS visit_place,
           count(*) FILTER (WHERE long) OVER weeks AS long_place,
           count(*) FILTER (WHERE kind = 'content_download') OVER weeks AS download_place,
           count(*) FILTER (WHERE kind = 'form_submission') OVER weeks AS form_place,
           count(*) FILTER (WHERE blog) OVER months AS blog_place,
           count(*) FILTER (WHERE webinar) OVER months AS webinar_place,
           count(*) FILTER (WHERE kind = 'ad_click') OVER months AS ad_place,
           count(*) FILTER (WHERE careers) OVER newer AS careers_place,
           count(*) FILTER (WHERE about) OVER newer AS about_place,
           count(*) FILTER (WHERE kind = 'event_attended') OVER newer AS event_place,
           count(*) FILTER (WHERE kind = 'unsubscribed') OVER newer AS leaving_place
    FROM flagged
    WINDOW days AS (PARTITION BY lead_id, week, day ORDER BY occurred_at ROWS UNBOUNDED PRECEDING),
           weeks AS (PARTITION BY lead_id, week ORDER BY day, occurred_at ROWS UNBOUNDED PRECEDING),
           months AS (PARTITION BY lead_id, month ORDER BY occurred_at ROWS UNBOUNDED PRECEDING),
           newer AS (PARTITION BY lead_id ORDER BY occurred_at DESC ROWS UNBOUNDED PRECEDING)
), did AS (
    SELECT lead_id,
           sum(CASE WHEN product AND product_place <= 3 THEN 2 * power(0.5, age / 21) ELSE 0 END
             + CASE WHEN visit AND visit_place <= 10 AND age < 30 THEN 0.5 * power(0.5, age / 7) ELSE 0 END
             + CASE WHEN long AND long_place <= 5 THEN 1.5 * power(0.5, age / 14) ELSE 0 END
             + CASE WHEN blog AND blog_place <= 5 AND age < 45 THEN 0.5 ELSE 0 END
             - CASE WHEN careers AND careers_place <= 2 AND age < 90 THEN 5 ELSE 0 END
             + CASE WHEN kind = 'content_download' AND download_place <= 2 THEN 6 * power(0.5, age / 30) ELSE 0 END
             + CASE WHEN about AND about_place <= 3 THEN 4 * power(0.5, age / 30) ELSE 0 END
             + CASE WHEN webinar AND webinar_place <= 2 THEN 10 * power(0.5, age / 30) ELSE 0 END
             + CASE WHEN kind = 'event_attended' AND event_place <= 1 THEN 8 * power(0.5, age / 45) ELSE 0 END
             + CASE WHEN kind = 'ad_click' AND ad_place <= 3 AND age < 21 THEN power(0.5, age / 7) ELSE 0 END
           ) AS reading,
           sum(CASE WHEN kind = 'email_opened' AND opened_place <= 1 AND age < 60 THEN power(0.5, age / 10) ELSE 0 END
             + CASE WHEN kind = 'email_clicked' AND clicked_place <= 2 THEN 3 * power(0.5, age / 14) ELSE 0 END
             - CASE WHEN kind = 'unsubscribed' AND leaving_place <= 1 AND age < 120 THEN 10 ELSE 0 END
           ) AS mail,
           sum(CASE WHEN pricing AND pricing_place <= 2 AND age < 60 THEN 8 * power(0.5, age / 14) ELSE 0 END
             + CASE WHEN compare AND compare_place <= 1 THEN 5 * power(0.5, age / 10) ELSE 0 END
             + CASE WHEN kind = 'form_submission' AND form_place <= 1 THEN 7 * power(0.5, age / 20) ELSE 0 END
           )
           + CASE WHEN count(*) FILTER (WHERE visit AND age < 14 AND often_place = 1) >= 3
                  THEN 12 * power(0.5, min(age) FILTER (WHERE visit) / 10) ELSE 0 END
           + CASE WHEN count(*) FILTER (WHERE uses AND uses_place = 1) >= 2 THEN 10 ELSE 0 END AS intent,
           min(age) FILTER (WHERE kind IN ('page_view', 'email_clicked', 'content_download', 'form_submission',
                                           'webinar_attended', 'product_use')) AS answer_age
    FROM ranked
    GROUP BY lead_id
), grouped AS (
    SELECT lead.id AS lead_id,
           CASE WHEN lower(title) LIKE ANY ('{%head%,%director%,%chief%}') THEN 12 ELSE 0 END
           - CASE WHEN lower(title) LIKE ANY ('{%student%,%intern%}') THEN 20 ELSE 0 END
           + CASE WHEN lead.country IN ('NL', 'BE', 'DE') THEN 5 ELSE 0 END
           - CASE WHEN email_is_free THEN 8 ELSE 0 END
           + CASE WHEN traits -> 'interests' ?| '{automation,security}' THEN 6 ELSE 0 END AS person,
           CASE WHEN industry IN ('Software', 'Logistics', 'Finance') THEN 10 ELSE 0 END
           + CASE WHEN employees BETWEEN 50 AND 500 THEN 10 WHEN employees > 500 THEN 6 ELSE 0 END
           + CASE WHEN (traits ->> 'team_size')::float8 >= 5 AND company.country <> '' THEN 5 ELSE 0 END
           + CASE WHEN traits ->> 'plan' IN ('business', 'enterprise') THEN 8 ELSE 0 END AS firm,
           coalesce(reading, 0) AS reading, coalesce(mail, 0) AS mail, coalesce(intent, 0) AS intent,
           CASE WHEN least(answer_age, date_part('epoch', {at} - created_at) / 86400) >= 30 THEN -8 ELSE 0 END
           + CASE WHEN least(last_age, date_part('epoch', {at} - created_at) / 86400) >= 90 THEN -15 ELSE 0 END AS quiet
    FROM leads_lead lead
    LEFT JOIN leads_company company ON company.id = lead.company_id
    LEFT JOIN did ON did.lead_id = lead.id
    LEFT JOIN lately ON lately.lead_id = lead.id
    WHERE created_at <= {at}
), dimensions AS (
    SELECT lead_id,
           (least(greatest(person, -20), 30) + least(firm, 25))::float8 AS fit,
           least(greatest(reading, 0), 40) + least(mail, 12) AS interest,
           least(intent, 50) + least(greatest(quiet, -20), 0) AS timing
    FROM grouped
), scored AS (
    SELECT lead_id, fit, interest, timing, fit + interest + timing AS total FROM dimensions
)
