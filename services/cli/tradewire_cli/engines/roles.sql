-- The database and the login roles; what the roles may do is granted by the ledger's migrations. May be repeated.
-- A password must not reach the server's log, not even with a statement that fails.
SET log_min_error_statement = panic;

SELECT 'CREATE ROLE tradewire_sequencer' WHERE to_regrole('tradewire_sequencer') IS NULL \gexec
ALTER ROLE tradewire_sequencer
    LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'sequencer_password';

SELECT 'CREATE ROLE tradewire_reader' WHERE to_regrole('tradewire_reader') IS NULL \gexec
ALTER ROLE tradewire_reader
    LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'reader_password';

SELECT 'CREATE DATABASE tradewire'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'tradewire') \gexec
REVOKE ALL ON DATABASE tradewire FROM PUBLIC;
GRANT CONNECT ON DATABASE tradewire TO tradewire_sequencer, tradewire_reader;
