//go:build e2e

package docker

const childOf = "CLONE_TEST_CHILD"

func cloneAsChild() {}
