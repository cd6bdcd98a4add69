-- Declared in app/store/tables/index.py; a test compares the two.

-- what a sender asks for by status: without it, all Tasks are read to learn that none of its own is rejected
CREATE INDEX index_task_requester_status ON index_task (requester, status, resource);
