UPDATE leads_lead
SET stage = kept.stage, stage_since = created_at, owner_id = NULL
FROM (SELECT id, CASE WHEN id % 10 < 3 THEN 'subscriber' WHEN id % 100 = 99 THEN 'customer' ELSE 'lead' END AS stage
      FROM leads_lead) kept
WHERE kept.id = leads_lead.id AND (kept.stage <> leads_lead.stage OR owner_id IS NOT NULL);
