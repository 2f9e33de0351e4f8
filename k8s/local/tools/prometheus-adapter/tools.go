//go:build tools

// prometheus-adapter cannot be had by `go install m@v` where the module proxy knows the version but gives no list of versions.
// This module requires it, so that nothing needs the list.
package tools

import _ "sigs.k8s.io/prometheus-adapter/cmd/adapter"
