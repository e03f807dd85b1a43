# Python with the runtime's minor version, because bytecode of another one is useless to it.
# uv does not see inactive pyenv versions. If there is no Python 3.13 at all, uv downloads it.
PYTHON_3_13 := $(or $(shell for python in python3.13 $$HOME/.pyenv/versions/3.13*/bin/python3.13; do \
	"$$python" -I -c 'import sys; print(sys.executable)' 2>/dev/null && break; done),3.13)
