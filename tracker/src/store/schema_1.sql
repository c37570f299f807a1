-- A place is block * 2^20 + index of the log in the block. Amounts are the shortest big-endian bytes.
-- A block hash is empty where the source of the logs did not tell it.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value ANY
) STRICT, WITHOUT ROWID;

CREATE TABLE redemptions (
  place       INTEGER PRIMARY KEY,
  block_hash  BLOB    NOT NULL,
  tx          BLOB    NOT NULL,
  at          INTEGER,
  sender      BLOB    NOT NULL,
  recipient   BLOB    NOT NULL,
  round       INTEGER NOT NULL,
  face_value  BLOB    NOT NULL,
  -- NULL while no transfer was seen: nothing was paid, or it is in logs yet to come.
  paid        BLOB,
  -- NULL above 32 bits, where no tag can be.
  nonce       INTEGER,
  session     BLOB    NOT NULL,
  ticket      BLOB    NOT NULL,
  -- The first 63 bits of the ticket's hash: a ticket is redeemed once, so a second log of it is a
  -- reorganisation's.
  ticket_key  INTEGER NOT NULL
) STRICT;
CREATE INDEX redemptions_by_round ON redemptions (round, sender);
CREATE INDEX redemptions_by_ticket ON redemptions (ticket_key);

-- Transfers that still wait for the redemption behind them.
CREATE TABLE transfers (
  place       INTEGER PRIMARY KEY,
  block_hash  BLOB    NOT NULL,
  tx          BLOB    NOT NULL,
  sender      BLOB    NOT NULL,
  recipient   BLOB    NOT NULL,
  amount      BLOB    NOT NULL
) STRICT;

-- Logs of the registry as they came; they are read when a report is made.
CREATE TABLE registry (
  place       INTEGER PRIMARY KEY,
  block_hash  BLOB    NOT NULL,
  at          INTEGER,
  topics      BLOB    NOT NULL,
  data        BLOB    NOT NULL
) STRICT;

-- What TicketsAttested says, by ticket.
CREATE TABLE attestations (
  ticket      BLOB    NOT NULL,
  place       INTEGER NOT NULL,
  block_hash  BLOB    NOT NULL,
  gateway     BLOB    NOT NULL,
  tag         INTEGER NOT NULL,
  PRIMARY KEY (ticket, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX attestations_by_place ON attestations (place);

CREATE TABLE bonds (
  place       INTEGER PRIMARY KEY,
  block_hash  BLOB    NOT NULL,
  delegator   BLOB    NOT NULL,
  delegate    BLOB    NOT NULL
) STRICT;

-- Blocks that were read, to find where a reorganisation began. The highest one is the cursor.
CREATE TABLE blocks (
  block       INTEGER PRIMARY KEY,
  hash        BLOB    NOT NULL
) STRICT;
