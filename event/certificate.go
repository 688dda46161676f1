package event

import (
	"fmt"

	"github.com/ankgo/ank/internal/codec"
)

// A Certificate is a system's statement that an origin is one of its own.
type Certificate struct {
	System    System
	Subject   Origin
	Signature Signature
}

// Certify makes the certificate of subject with the system's root key.
func Certify(root PrivateKey, subject Origin) Certificate {
	c := Certificate{System: root.System(), Subject: subject}
	c.Signature = root.sign(c.message())
	return c
}

// Verify returns [ErrSignature] unless the system signed the certificate. Which
// system is to be trusted, the caller knows.
func (c Certificate) Verify() error {
	if !verify(c.System, c.message(), c.Signature) {
		return fmt.Errorf("%w: certificate of origin %s by system %s", ErrSignature, c.Subject.Short(), c.System)
	}
	return nil
}

func (c Certificate) message() []byte {
	b := append([]byte(tagCertificate), c.System[:]...)
	return append(b, c.Subject[:]...)
}

// AppendTo appends the certificate's encoding to b.
func (c Certificate) AppendTo(b []byte) []byte {
	b = append(b, formatVersion)
	b = append(b, c.System[:]...)
	b = append(b, c.Subject[:]...)
	return append(b, c.Signature[:]...)
}

// DecodeCertificate decodes what [Certificate.AppendTo] wrote, all of b. It
// does not verify the signature.
func DecodeCertificate(b []byte) (Certificate, error) {
	r, err := open("certificate", b, 1+32+32+64)
	if err != nil {
		return Certificate{}, err
	}
	var c Certificate
	copy(c.System[:], r.Fixed(len(c.System)))
	copy(c.Subject[:], r.Fixed(len(c.Subject)))
	copy(c.Signature[:], r.Fixed(len(c.Signature)))
	if err := finish(&r, "certificate"); err != nil {
		return Certificate{}, err
	}
	return c, nil
}

// A SignedHead is an origin's statement that its log ends, or once ended, with
// the entry Seq whose hash is Hash.
type SignedHead struct {
	Origin    Origin
	Seq       uint64
	Hash      Digest
	Closed    bool // the origin appends no more: this is all that it has of its log
	Signature Signature
}

// SignHead signs a head of the log of key's origin. With seq 0 and a zero hash
// it speaks of an empty log.
func SignHead(key PrivateKey, seq uint64, hash Digest, closed bool) SignedHead {
	h := SignedHead{Origin: key.Public(), Seq: seq, Hash: hash, Closed: closed}
	h.Signature = key.sign(h.message())
	return h
}

// Verify returns [ErrSignature] unless the origin signed the head.
func (h SignedHead) Verify() error {
	if !verify(h.Origin, h.message(), h.Signature) {
		return fmt.Errorf("%w: head %d of origin %s", ErrSignature, h.Seq, h.Origin.Short())
	}
	return nil
}

// Position returns the head as a cursor keeps it.
func (h SignedHead) Position() Position {
	return Position{Origin: h.Origin, Seq: h.Seq, Short: h.Hash.Short()}
}

func (h SignedHead) message() []byte {
	b := append(make([]byte, 0, 96), tagSignedHead...)
	b = append(b, h.Origin[:]...)
	b = codec.AppendUint64(b, h.Seq)
	b = append(b, h.Hash[:]...)
	return append(b, boolByte(h.Closed))
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}

// AppendTo appends the head's encoding to b.
func (h SignedHead) AppendTo(b []byte) []byte {
	b = append(b, formatVersion)
	b = append(b, h.Origin[:]...)
	b = codec.AppendUvarint(b, h.Seq)
	b = append(b, h.Hash[:]...)
	b = append(b, boolByte(h.Closed))
	return append(b, h.Signature[:]...)
}

// DecodeSignedHead decodes what [SignedHead.AppendTo] wrote, all of b. It does
// not verify the signature.
func DecodeSignedHead(b []byte) (SignedHead, error) {
	r, err := open("signed head", b, 1+32+codec.MaxVarint+32+1+64)
	if err != nil {
		return SignedHead{}, err
	}
	var h SignedHead
	copy(h.Origin[:], r.Fixed(len(h.Origin)))
	h.Seq = r.Uvarint()
	copy(h.Hash[:], r.Fixed(len(h.Hash)))
	closed := r.Byte()
	if closed > 1 {
		r.Fail("a truth value that is neither 0 nor 1")
	}
	h.Closed = closed == 1
	copy(h.Signature[:], r.Fixed(len(h.Signature)))
	if err := finish(&r, "signed head"); err != nil {
		return SignedHead{}, err
	}
	return h, nil
}
