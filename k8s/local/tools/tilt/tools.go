//go:build tools

// Tilt cannot be had by `go install m@v`: its go.mod replaces modules. This module requires it and says the same, which makes it
// buildable.
package tools

import _ "github.com/tilt-dev/tilt/cmd/tilt"
