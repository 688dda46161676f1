package event

// The limits of what can be encoded, decoded and accepted. What goes beyond one
// is refused with a *[LimitError] by Validate, and with a decoding error by
// every Decode function.
const (
	MaxPrecursors        = 64                           // precursors of one event
	MaxHead              = 1 << 16                      // IDs in a head
	MaxOps               = 4096                         // operations of one event
	MaxName              = 255                          // bytes in the name of a collection or field
	MaxPath              = 1024                         // bytes in an operation's path
	MaxAuthor            = 1024                         // bytes in an entry's author
	MaxEventSize         = 16 << 20                     // bytes of one encoded event
	MaxTransactionEvents = 1 << 16                      // events of one transaction; added events of one entry
	MaxTransactionOps    = 1 << 20                      // operations and extensions of all events of one transaction
	MaxTransactionSize   = 64 << 20                     // bytes of one encoded transaction
	MaxExtensions        = 64                           // extensions of one event, transaction or entry
	MaxExtensionSize     = 1 << 16                      // bytes of one extension's value
	MaxEntrySize         = 2*MaxTransactionSize + 8<<20 // bytes of one encoded entry
	MaxCursorOrigins     = 1 << 14                      // origins in a cursor
	MaxPendingEntries    = 1 << 16                      // entries that a LogVerifier takes between two signed heads
)
