-- The round that a promise's tickets name; nothing for payments without tickets, and for those that
-- an earlier version wrote.
ALTER TABLE promises ADD COLUMN round INTEGER;
CREATE INDEX promises_by_round ON promises (round) WHERE round IS NOT NULL;

-- Round books: what was built last, and what of it is on chain. Hashes of 32 bytes each. State: see
-- rounds.rs.
CREATE TABLE books (
  round        INTEGER PRIMARY KEY,
  state        INTEGER NOT NULL,
  root         BLOB    NOT NULL,
  dataset_root BLOB    NOT NULL,
  leaves       INTEGER NOT NULL,
  total_ev     BLOB    NOT NULL,
  -- What the registry was told last, and its revision; 0 when it was told nothing.
  revision     INTEGER NOT NULL,
  told_root    BLOB    NOT NULL,
  told_dataset BLOB    NOT NULL,
  tx           BLOB
) STRICT;

-- Data files, each in the book of one round.
CREATE TABLE book_files (
  path   TEXT    PRIMARY KEY,
  round  INTEGER NOT NULL,
  sha256 BLOB    NOT NULL,
  bytes  INTEGER NOT NULL,
  rows   INTEGER NOT NULL
) STRICT;
CREATE INDEX book_files_by_round ON book_files (round);

-- The transaction that is on its way, written before it is sent; at most one.
CREATE TABLE outbox (
  nonce   INTEGER PRIMARY KEY,
  purpose TEXT    NOT NULL,
  hash    BLOB    NOT NULL,
  cap     BLOB    NOT NULL,
  tip     BLOB    NOT NULL
) STRICT;
