// Package deploy holds the tests of the Compose file and the Kubernetes manifests.
package deploy
