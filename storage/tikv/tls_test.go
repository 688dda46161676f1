package tikv

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority makes certificates, in files of a folder.
type authority struct {
	t      *testing.T
	folder string
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	a := &authority{t: t, folder: t.TempDir()}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	require.NoError(t, err)
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.write("ca", "CERTIFICATE", der)
	return a
}

func (a *authority) file(name string) string { return filepath.Join(a.folder, name) }

func (a *authority) write(name, kind string, der []byte) {
	require.NoError(a.t, os.WriteFile(a.file(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// certify makes a certificate for this machine, and returns its files.
func (a *authority) certify(name string) *TLS {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, key.Public(), a.key)
	require.NoError(a.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	a.write(name+".crt", "CERTIFICATE", der)
	a.write(name+".key", "PRIVATE KEY", private)
	return &TLS{Authority: a.file("ca"), Certificate: a.file(name + ".crt"), Key: a.file(name + ".key")}
}

// TestTLS speaks to a placement driver that takes certified clients only. The tests' store
// speaks to placement drivers in the clear, so that there is none here.
func TestTLS(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	address := startSecured(t, ours.certify("server"))
	open := func(files *TLS, within time.Duration) (*driver, error) {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		return openDriver(ctx, Options{PD: []string{address}, System: "secured", TLS: files}, usualPace())
	}
	d, err := open(ours.certify("client"), patient)
	require.NoError(t, err)
	first, err := d.timestamp(t.Context())
	require.NoError(t, err)
	second, err := d.timestamp(t.Context())
	require.NoError(t, err)
	require.Greater(t, second, first)
	require.NoError(t, d.Close())
	wrongServer := ours.certify("client")
	wrongServer.Authority = theirs.file("ca")
	wrongClient := theirs.certify("client")
	wrongClient.Authority = ours.file("ca")
	for name, files := range map[string]*TLS{
		"the server is somebody else's": wrongServer,
		"the client is somebody else's": wrongClient,
		"in the clear":                  nil,
	} {
		_, err := open(files, time.Second)
		require.ErrorIs(t, err, context.DeadlineExceeded, name)
		require.ErrorContains(t, err, "connect to", name)
	}
}

// startSecured starts a placement driver with TLS, and returns its address.
func startSecured(t *testing.T, files *TLS) string {
	folder := os.Getenv("ANK_TEST_TIKV_SERVERS")
	require.NotEmpty(t, folder, "run this with scripts/tikv")
	client, peer := freePort(t), freePort(t)
	pd := exec.Command(filepath.Join(folder, "pd-server"), "--name=pd", "--log-level=error", "--data-dir="+t.TempDir(),
		"--client-urls=https://"+client, "--peer-urls=https://"+peer,
		"--cacert="+files.Authority, "--cert="+files.Certificate, "--key="+files.Key)
	pd.Env = append(os.Environ(), "GODEBUG=httpmuxgo121=1")
	require.NoError(t, pd.Start())
	t.Cleanup(func() {
		_ = pd.Process.Kill()
		_ = pd.Wait() // says that it was killed
	})
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", client)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, patient, often)
	return client
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
