# Builds the page that the API serves at /, and the elements, from web/ into functions/api/page, with esbuild.
# The Makefile includes this. Without an installed Node.js, one comes from PyPI.
PAGE := functions/api/page/index.html
WITH_NODE = PATH="$$(command -v node >/dev/null && command -v npm >/dev/null || echo "$(CURDIR)/.tools/node/bin:")$$PATH"

web/node_modules/.ready: web/package.json web/package-lock.json web/.npmrc
	@command -v node >/dev/null && command -v npm >/dev/null || { \
		$(UV) venv --quiet --clear .tools/node && \
		$(UV) pip install --quiet --python .tools/node --require-hashes -r requirements/node.txt; }
	@$(WITH_NODE) npm --prefix web ci --silent --omit=dev
	@touch $@

$(PAGE): web/node_modules/.ready web/build.mjs $(wildcard web/src/*) $(wildcard web/src/*/*)
	@$(WITH_NODE) node web/build.mjs functions/api/page
	@# Node's own gzip packs less, because it is made for speed.
	@gzip -9 -n -k -f functions/api/page/assets/*-* functions/api/page/elements/*.js
	@touch $@

# Tools for checks and tests only: they are larger than all that the build needs.
web/node_modules/.dev: web/node_modules/.ready
	@$(WITH_NODE) npm --prefix web ci --silent
	@touch web/node_modules/.ready $@
