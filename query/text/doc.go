// Package text finds words in texts, for MATCH of the query language: it cuts a
// text into tokens, reads what is searched for, and says whether and how well a
// text matches. It knows nothing of queries, columns or indexes; an index of
// words stores the tokens it makes.
//
// # Tokens
//
// A text is cut at the boundaries of words as Unicode has them (UAX #29). Of what
// lies between, that with a letter or a digit in it is a token. A token is folded:
// compatibility forms are resolved (NFKD), case is ignored, and so are accents and
// the optional vowel signs of Hebrew and Arabic, but not the marks that other
// scripts write vowels with. A few letters that Unicode keeps whole are written
// out: "Mø", "Großmütter" and "Sigur Rós" have the tokens mo, grossmutter, sigur
// and ros. Ideographs are tokens one by one. There is no stemming, in which
// languages differ, and there are no words too frequent to count.
//
// What is stored of tokens depends on all this. [Version] changes with it, and
// whoever stores tokens stores it too.
//
// # Searches
//
// A search is what people type into a box. No text is an error.
//
//	purple rain         both words, anywhere
//	"purple rain"       the words one after the other
//	pur*                words that begin so
//	prince OR madonna   one or the other; OR binds less than standing side by side
//	prince -live        not that word, nor phrase
//
// A word that is several tokens, AC/DC, is a phrase. A search that names nothing
// to look for, such as "-live", or nothing at all, matches nothing. Searches are
// bounded: see [MaxTerms].
//
// # Indexes of words
//
// An index has a text under each of its [Words]. [Alternative.Required] says which
// words a text must have to be found, so that it is enough to look at the texts under
// these: both words of "purple rain", any that begins with pur, one or the other.
// Whether words follow each other, and what must not occur, is tested on the text.
//
// # Scores
//
// [Query.Score] depends on the text and the search and on nothing else. How rare a
// word is among other texts does not count, so that the score of a text stays what
// it is when others change: the order of a live result moves only where its
// rows do. Repeating a word counts less and less, and words count more in a short
// text than in a long one, as in BM25 with an average length of 32 tokens.
package text
