-- Numbers of up to 256 bits are the shortest big-endian bytes; moments are milliseconds since 1970;
-- a day is the number of UTC days since 1970-01-01.

-- rolled: the last promise that `totals` and `sessions` hold. boot, clean: see allowance.rs.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value ANY
) STRICT, WITHOUT ROWID;

-- What was promised, written before it was signed. A payment without tickets has no params.
CREATE TABLE promises (
  id              INTEGER PRIMARY KEY,
  at              INTEGER NOT NULL,
  day             INTEGER NOT NULL,
  recipient       BLOB    NOT NULL,
  session         TEXT    NOT NULL,
  job             BLOB    NOT NULL,
  attempt         INTEGER NOT NULL,
  tag             INTEGER NOT NULL,
  tag_name        TEXT    NOT NULL,
  capability      TEXT    NOT NULL,
  params          BLOB,
  first_nonce     INTEGER NOT NULL,
  tickets         INTEGER NOT NULL,
  face_value      BLOB    NOT NULL,
  win_prob        BLOB    NOT NULL,
  value           BLOB    NOT NULL,
  fee             BLOB    NOT NULL,
  price_per_unit  INTEGER NOT NULL,
  pixels_per_unit INTEGER NOT NULL,
  -- Filled in when the job is over: 0 not sent, 1 accepted, 2 refused, 3 unknown.
  outcome         INTEGER,
  settled_at      INTEGER,
  units           INTEGER,
  debit           BLOB
) STRICT;
CREATE UNIQUE INDEX promises_by_nonce ON promises (params, first_nonce) WHERE params IS NOT NULL;

-- Sums over promises, kept when the promises themselves are pruned.
CREATE TABLE totals (
  day        INTEGER NOT NULL,
  recipient  BLOB    NOT NULL,
  tag_name   TEXT    NOT NULL,
  capability TEXT    NOT NULL,
  payments   INTEGER NOT NULL,
  tickets    INTEGER NOT NULL,
  face_value BLOB    NOT NULL,
  value      BLOB    NOT NULL,
  fee        BLOB    NOT NULL,
  not_sent   INTEGER NOT NULL,
  accepted   INTEGER NOT NULL,
  refused    INTEGER NOT NULL,
  unknown    INTEGER NOT NULL,
  units      INTEGER NOT NULL,
  debit      BLOB    NOT NULL,
  PRIMARY KEY (day, recipient, tag_name, capability)
) STRICT, WITHOUT ROWID;

-- What was promised in one payment session.
CREATE TABLE sessions (
  recipient BLOB    NOT NULL,
  session   TEXT    NOT NULL,
  value     BLOB    NOT NULL,
  last_at   INTEGER NOT NULL,
  PRIMARY KEY (recipient, session)
) STRICT, WITHOUT ROWID;

-- How much a day's promises may add up to before more is written here, with a sync to the disk; and
-- how much of it was counted as promised because the machine went down. See allowance.rs.
CREATE TABLE allowance (
  day  INTEGER PRIMARY KEY,
  wei  BLOB NOT NULL,
  lost BLOB NOT NULL
) STRICT;

-- Redemptions of our tickets, by the identity of their log. What is known about the promise is
-- copied, so that it outlives pruning. Logs that a reorganisation took back are marked removed.
CREATE TABLE redemptions (
  chain       INTEGER NOT NULL,
  tx_hash     BLOB    NOT NULL,
  log_index   INTEGER NOT NULL,
  block       INTEGER NOT NULL,
  block_hash  BLOB    NOT NULL,
  at          INTEGER NOT NULL,
  ticket      BLOB    NOT NULL,
  recipient   BLOB    NOT NULL,
  params      BLOB    NOT NULL,
  nonce       INTEGER NOT NULL,
  face_value  BLOB    NOT NULL,
  paid        BLOB    NOT NULL,
  promise     INTEGER,
  promised_at INTEGER,
  job         BLOB,
  tag         INTEGER,
  tag_name    TEXT,
  capability  TEXT,
  removed     INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (chain, tx_hash, log_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX redemptions_by_ticket ON redemptions (ticket);
CREATE INDEX redemptions_by_block ON redemptions (chain, block);

-- How far the logs of a chain were read, written together with their rows.
CREATE TABLE cursors (
  chain      INTEGER PRIMARY KEY,
  block      INTEGER NOT NULL,
  block_hash BLOB    NOT NULL
) STRICT;
