//go:build tools

// k8s.io/kubernetes cannot be had by `go install m@v`: its go.mod replaces its staging modules by folders. This module
// requires it and replaces each of those by the published module of the same version, which makes the six programs buildable.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-proxy"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
	_ "k8s.io/kubernetes/cmd/kubectl"
	_ "k8s.io/kubernetes/cmd/kubelet"
)
