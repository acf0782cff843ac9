-- The roles, for a superuser in Tradewire's own database. May be repeated; sets no password and needs no psql.
-- tradewire_owner owns everything and cannot log in; tradewire_admin becomes it for migrations. What the two roles of
-- the ledger may do is granted by the ledger's migrations.
DO $$
DECLARE
    role text;
    item record;
BEGIN
    FOREACH role IN ARRAY ARRAY['tradewire_owner', 'tradewire_admin', 'tradewire_sequencer', 'tradewire_reader'] LOOP
        IF to_regrole(role) IS NULL THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
    END LOOP;
    ALTER ROLE tradewire_owner
        NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
    ALTER ROLE tradewire_sequencer
        LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 10;
    ALTER ROLE tradewire_reader
        LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 40;
    GRANT tradewire_owner TO tradewire_admin;

    -- For whoever comes in by hand; the processes set their own.
    ALTER ROLE tradewire_sequencer SET statement_timeout = '30s';
    ALTER ROLE tradewire_sequencer SET lock_timeout = '5s';
    ALTER ROLE tradewire_sequencer SET idle_in_transaction_session_timeout = '5s';
    ALTER ROLE tradewire_reader SET statement_timeout = '60s';
    ALTER ROLE tradewire_reader SET lock_timeout = '10s';
    ALTER ROLE tradewire_reader SET idle_in_transaction_session_timeout = '60s';

    EXECUTE format('ALTER DATABASE %I OWNER TO tradewire_owner', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO tradewire_admin, tradewire_sequencer, tradewire_reader', current_database());

    -- What earlier releases made belonged to tradewire_admin.
    FOR item IN
        SELECT nspname FROM pg_namespace
        WHERE nspname IN ('ledger', 'read') AND nspowner <> 'tradewire_owner'::regrole
    LOOP
        EXECUTE format('ALTER SCHEMA %I OWNER TO tradewire_owner', item.nspname);
    END LOOP;
    FOR item IN
        SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE (n.nspname IN ('ledger', 'read') OR (n.nspname = 'public' AND c.relname = 'schema_migrations'))
          AND c.relkind IN ('r', 'v', 'm', 'S', 'p') AND c.relowner <> 'tradewire_owner'::regrole
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO tradewire_owner', item.name);
    END LOOP;
    FOR item IN
        SELECT p.oid::regprocedure AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname IN ('ledger', 'read') AND p.proowner <> 'tradewire_owner'::regrole
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO tradewire_owner', item.name);
    END LOOP;
END
$$;
