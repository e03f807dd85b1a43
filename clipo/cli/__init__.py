"""The `clipo` command.

The modules below load when something in them is used, so that `clipo --help` and shell completion
are quick. Import them with `from clipo.cli import view`: `import` alone would load them at once.
"""

from clipo.cli.lazy import load_at_first_use

for _name in (
    "clipo.cli.bars",
    "clipo.cli.deployment",
    "clipo.cli.issuer",
    "clipo.cli.machine",
    "clipo.cli.overview",
    "clipo.cli.picture",
    "clipo.cli.piped",
    "clipo.cli.sample",
    "clipo.cli.terminal",
    "clipo.cli.view",
    "clipo.client.address",
    "clipo.client.api",
    "clipo.client.credentials",
    "clipo.client.deletes",
    "clipo.client.download",
    "clipo.client.faults",
    "clipo.client.logins",
    "clipo.client.pictures",
    "clipo.client.profiles",
    "clipo.client.retries",
    "clipo.client.uploads",
    "clipo.client.watch",
    "clipo.client.webhooks",
    "clipo.local.catalog",
    "clipo.local.cloud",
    "clipo.local.console",
    "clipo.local.settings",
    "clipo.local.stack",
):
    load_at_first_use(_name)
