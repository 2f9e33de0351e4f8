//go:build tools

// KEDA cannot be had by `go install m@v`: its go.mod replaces and excludes modules. This module requires it and says the same,
// which makes its two programs buildable.
package tools

import (
	_ "github.com/kedacore/keda/v2/cmd/adapter"
	_ "github.com/kedacore/keda/v2/cmd/operator"
)
