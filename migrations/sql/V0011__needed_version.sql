-- Which programs can work on this schema.
--
-- Migrations expand, so that a program that does not know the newest ones goes on, and starts too: during an update as after
-- going back. The rare one that takes away what an older program uses says so in itself, for its own row and all later ones:
--
--     ALTER TABLE tenure.migrations ALTER COLUMN needed_version SET DEFAULT 12;

ALTER TABLE tenure.migrations
    -- A program that knows no version as high as this one refuses to start.
    ADD COLUMN needed_version integer NOT NULL DEFAULT 1;
