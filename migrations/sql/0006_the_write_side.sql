-- Declared in app/store/tables/referrals.py and resources.py; a test compares the two.

-- a delete asks whether the network has ordered by what goes
CREATE INDEX child_task_order ON child_task (filler_order);

-- a kept answer is that of a client and of the members for whom it spoke; a program of before, still running, names none
ALTER TABLE idempotency_key ADD COLUMN members TEXT DEFAULT '' NOT NULL;

-- those for whom it speaks now, unless somebody has changed that in these few days
UPDATE idempotency_key k SET members = encode(sha256(convert_to(coalesce((
    SELECT string_agg(m.member::text, ' ' ORDER BY m.member) FROM client_member m WHERE m.client = k.client
), ''), 'UTF8')), 'hex');

ALTER TABLE idempotency_key
    DROP CONSTRAINT idempotency_key_pkey,
    ADD PRIMARY KEY (client, members, route, key);
