package postgres

// format is the version of the tables. Whoever changes them increases it, and adds
// the statements that bring a store of the version before up to date to upgrades.
const format = 1

// createTables makes the tables of an empty store.
const createTables = `
CREATE TABLE _store (
	one     boolean PRIMARY KEY DEFAULT true CHECK (one),
	format  integer NOT NULL,
	commits bigint NOT NULL,
	catalog bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO _store (format, commits, catalog) VALUES (0, 0, 1);
COMMENT ON TABLE _store IS 'one row: the version of these tables, the number of the last commit, and that of the last change of tables';

CREATE TABLE _origins (
	number integer PRIMARY KEY,
	origin bytea NOT NULL UNIQUE,
	seq    bigint NOT NULL,
	short  bytea NOT NULL,
	head   bytea,
	head_seq bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE _origins IS 'logs: the public key, the position where the log ends with the short form of its hash, and the signed head';

CREATE TABLE _log (
	origin integer NOT NULL,
	seq    bigint NOT NULL,
	tx     text COLLATE "C" NOT NULL,
	author text NOT NULL,
	entry  bytea NOT NULL,
	PRIMARY KEY (origin, seq)
);
COMMENT ON TABLE _log IS 'entries: truth; origin is a number of _origins';

CREATE TABLE _events (
	entity     text COLLATE "C" NOT NULL,
	id         text COLLATE "C" NOT NULL,
	collection text NOT NULL,
	tx         text COLLATE "C" NOT NULL,
	origin     integer NOT NULL,
	seq        bigint NOT NULL,
	ordinal    integer NOT NULL,
	PRIMARY KEY (entity, id)
);
COMMENT ON TABLE _events IS 'addresses of events: the event is number ordinal, counted from 0, of an entry of _log';

CREATE TABLE _meta (
	key   bytea PRIMARY KEY,
	value bytea NOT NULL
);
COMMENT ON TABLE _meta IS 'what a node keeps for itself';

CREATE TABLE _collections (
	name       text COLLATE "C" PRIMARY KEY,
	table_name text NOT NULL UNIQUE,
	layout     text NOT NULL,
	through    text COLLATE "C",
	schema     bytea
);
COMMENT ON TABLE _collections IS 'tables of collections: columns are as layout says in rows up to through, in all rows if that is null; schema is the one that was registered last, by which every process writes columns';

CREATE TABLE _columns (
	collection text COLLATE "C" NOT NULL,
	field      text COLLATE "C" NOT NULL,
	type       text NOT NULL,
	column_name text NOT NULL,
	PRIMARY KEY (collection, field, type)
);
COMMENT ON TABLE _columns IS 'columns of fields; a field that changed its type has several, and the newest is written';

CREATE TABLE _indexes (
	number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	collection text COLLATE "C" NOT NULL,
	definition text NOT NULL,
	index_name text NOT NULL UNIQUE,
	dropped    boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE _indexes IS 'declared indexes, and those to be dropped';
`

// upgrades bring a store from the version that is their position to the next.
func upgrades() []string {
	return []string{createTables}
}
