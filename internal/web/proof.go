package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// csrfField is what a form's proof is called.
const csrfField = "csrf_token"

// proof makes what a form shows to prove that it is ours: something that only we
// can make, and only for this login.
type proof struct{ key []byte }

func newProof(key []byte) proof {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("dashboards form key"))
	return proof{mac.Sum(nil)}
}

// of is the proof of a visitor. Their token is that of one login.
func (p proof) of(v dashboard.Visitor) string {
	token := sha256.Sum256([]byte(v.Token))
	mac := hmac.New(sha256.New, p.key)
	mac.Write(token[:])
	mac.Write([]byte(v.Name))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// holds compares in constant time.
func (p proof) holds(v dashboard.Visitor, shown string) bool {
	return hmac.Equal([]byte(p.of(v)), []byte(shown))
}
