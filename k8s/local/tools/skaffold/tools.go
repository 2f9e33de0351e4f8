//go:build tools

// Skaffold cannot be had by `go install m@v`: its go.mod replaces and excludes modules. This module requires it and says the same,
// which makes it buildable.
package tools

import _ "github.com/GoogleContainerTools/skaffold/v2/cmd/skaffold"
