package event

import "crypto/sha256"

// proofPrefix keeps proofs apart from everything else that keys sign.
const proofPrefix = "ank/proof"

// Prove signs, with the key of an origin, that its holder said mine to somebody who said theirs: the
// digests of what two sides of a conversation told each other first, of which each is new (holds a random
// number). So it proves to them, and to nobody else, who the other side is.
func Prove(key PrivateKey, mine, theirs Digest) Signature {
	return key.sign(proofMessage(mine, theirs))
}

// CheckProof returns ErrSignature unless o proved that it said theirs to whoever said mine.
func CheckProof(o Origin, s Signature, mine, theirs Digest) error {
	if !verify(o, proofMessage(theirs, mine), s) {
		return ErrSignature
	}
	return nil
}

func proofMessage(said, heard Digest) []byte {
	h := sha256.New()
	h.Write([]byte(proofPrefix))
	h.Write(said[:])
	h.Write(heard[:])
	return h.Sum(nil)
}
