//go:build tools

// Kubesec's module is not always listed where modules come from, and `go install m@v` wants the list. This module requires the
// version, which is all that is needed to build it.
package tools

import _ "github.com/controlplaneio/kubesec/v2"
