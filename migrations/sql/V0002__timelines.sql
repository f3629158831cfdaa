-- The WAL timeline as a part of every replica's id, and so of every fencing token.
--
-- A standby that is promoted without the last transactions would give out ids and epochs a second time. Its timeline is a
-- new one: an id is made of the timeline that its replica joined under (less one) and a number from the sequence, so no two
-- incarnations ever share one, and whoever carries an id of another timeline is refused.

CREATE FUNCTION tenure.timeline_of(replica bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT replica / 10000000000 + 1';

-- Of the server: changes at the moment of a promotion (pg_control_checkpoint() only some time after it). Volatile as what
-- it calls, or it could not be inlined: ask for it once in a statement, `(SELECT tenure.current_timeline())`.
CREATE FUNCTION tenure.current_timeline() RETURNS bigint
LANGUAGE sql VOLATILE
AS $$ SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint $$;

CREATE FUNCTION tenure.next_replica_id() RETURNS bigint
LANGUAGE sql VOLATILE
AS $$ SELECT (tenure.current_timeline() - 1) * 10000000000 + nextval('tenure.replica_ids') $$;

-- The number of a replica's session lock. Replicas of two timelines may share it: the locks of one server belong to its
-- own timeline.
CREATE FUNCTION tenure.session_lock_key(replica bigint) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT (replica % 10000000000)::integer';

CREATE OR REPLACE FUNCTION tenure.watch_session(replica bigint, wait interval) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('lock_timeout', ceil(extract(epoch FROM wait) * 1000)::text, true);
    PERFORM pg_advisory_xact_lock_shared(tenure.session_lock_namespace(), tenure.session_lock_key(replica));
    RETURN true;
EXCEPTION
    WHEN lock_not_available THEN RETURN false;
END
$$;

-- As before; and of a replica of another timeline only the lease counts, as its session was on another server; and whoever
-- is of another timeline fences nobody.
CREATE OR REPLACE FUNCTION tenure.fence(fencer bigint, victim bigint, why text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    timeline bigint := tenure.current_timeline();
    victim_name text;
BEGIN
    IF tenure.timeline_of(fencer) <> timeline THEN
        RETURN false;
    END IF;
    -- Held until the end of the transaction: the victim cannot come back meanwhile.
    IF why = 'session lost'
        AND (tenure.timeline_of(victim) <> timeline
            OR NOT pg_try_advisory_xact_lock_shared(
                tenure.session_lock_namespace(), tenure.session_lock_key(victim)))
    THEN
        RETURN false;
    END IF;
    UPDATE tenure.replicas
    SET fenced_at = clock_timestamp(), fenced_by = fencer, fenced_reason = why
    WHERE id = victim
        AND fenced_at IS NULL
        AND (why = 'session lost' OR lease_expires_at < clock_timestamp())
        AND EXISTS (SELECT FROM tenure.replicas f WHERE f.id = fencer AND f.fenced_at IS NULL)
    RETURNING name INTO victim_name;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO tenure.events (kind, replica_id, details)
    VALUES ('fenced', victim, jsonb_build_object('name', victim_name, 'by', fencer, 'reason', why));
    PERFORM pg_notify('tenure', 'fenced ' || victim);
    RETURN true;
END
$$;
