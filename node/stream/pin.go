package stream

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Pin names a public key: it is the SHA-256 of its SubjectPublicKeyInfo, as in RFC 7469.
type Pin [sha256.Size]byte

// String is the pin in hexadecimal digits.
func (p Pin) String() string { return hex.EncodeToString(p[:]) }

// ParsePin reads what String wrote.
func ParsePin(text string) (Pin, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(Pin{}) {
		return Pin{}, fmt.Errorf("stream: a pin has %d hexadecimal digits, not %q", 2*len(Pin{}), text)
	}
	return Pin(b), nil
}

// PinOf is the pin of a certificate's key.
func PinOf(c *x509.Certificate) Pin { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

// ErrPin tells that a peer has another key than those that are expected.
var ErrPin = errors.New("stream: the peer's key is not one of those expected")

// Pinned is a configuration of TLS 1.3 that knows peers by their keys and by nothing else: neither by names
// nor authorities, nor do certificates expire. With pins, a peer must have one of these keys, a client
// as well. Without, a client is let in whoever it is, and no server is talked to.
func Pinned(own tls.Certificate, pins ...Pin) *tls.Config {
	config := &tls.Config{
		Certificates: []tls.Certificate{own},
		MinVersion:   tls.VersionTLS13,
		// What takes its place is VerifyConnection, on both sides.
		InsecureSkipVerify: true,
	}
	if len(pins) > 0 {
		config.ClientAuth = tls.RequireAnyClientCert
	}
	pins = slices.Clone(pins)
	config.VerifyConnection = func(s tls.ConnectionState) error {
		switch {
		case len(s.PeerCertificates) == 0 && len(pins) == 0: // a client without one: servers always have one
			return nil
		case len(s.PeerCertificates) == 0, !slices.Contains(pins, PinOf(s.PeerCertificates[0])):
			return ErrPin
		}
		return nil
	}
	return config
}

// NewCertificate makes an Ed25519 key and a certificate for it that is signed by itself: for peers that are
// known by their keys. It is of no use to others.
func NewCertificate() (tls.Certificate, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280, 4.1.2.5: never
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private, Leaf: leaf}, err
}
