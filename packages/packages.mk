# Builds the npm package `clipo`, whose client is generated from the OpenAPI document.
# The Makefile includes this.
NODE_PACKAGE := packages/node/node_modules/.built

packages/node/node_modules/.ready: packages/node/package.json packages/node/package-lock.json packages/node/.npmrc web/node_modules/.ready
	@$(WITH_NODE) npm --prefix packages/node ci --silent
	@touch $@

packages/node/openapi.json: packages/openapi.py $(wildcard functions/api/*.py functions/api/*/*.py functions/core/*.py functions/core/*/*.py) .venv/.local
	@.venv/bin/python -m packages.openapi >$@

$(NODE_PACKAGE): packages/node/node_modules/.ready packages/node/openapi.json $(wildcard packages/node/*.ts packages/node/*.json packages/node/src/*.ts)
	@cd packages/node && $(WITH_NODE) npm run --silent build
	@touch $@

# What runs the collection for Postman, for tests only.
packages/collection/node_modules/.ready: packages/collection/package.json packages/collection/package-lock.json packages/collection/.npmrc web/node_modules/.ready
	@$(WITH_NODE) npm --prefix packages/collection ci --silent
	@touch $@
