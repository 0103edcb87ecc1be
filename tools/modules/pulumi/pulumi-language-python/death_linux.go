package main

import "syscall"

// dieWithParent has the process killed when this one is: no program outlives a host that was killed.
func dieWithParent(attributes *syscall.SysProcAttr) {
	attributes.Pdeathsig = syscall.SIGKILL
}
