# The runtime's own minor version: bytecode of another one is of no use to it.
# uv does not see pyenv's versions that are not active; where there is none at all, it fetches one.
PYTHON_3_13 := $(or $(shell for python in python3.13 $$HOME/.pyenv/versions/3.13*/bin/python3.13; do \
	"$$python" -I -c 'import sys; print(sys.executable)' 2>/dev/null && break; done),3.13)
