#!/bin/sh
# Takes out of installed wheels what no function uses. Usage: leave_out.sh FOLDER
# tests/deploy/test_artifacts.py shows that what is left works.
set -eu
cd "$1"

# Metadata, stubs and what runs on other machines only.
rm -rf bin .lock ./*.dist-info
find . \( -name '*.pyi' -o -name py.typed \) -delete

# botocore knows 400 services; Clipo uses three. It reads .json.gz as well as .json.
test ! -d botocore || (
    cd botocore/data
    find . -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name lambda ! -name sqs -exec rm -r {} +
    find s3 lambda sqs -name 'examples*' -delete
    gzip -9n endpoints.json
)

# Powertools: the logger and what it imports.
rm -r aws_lambda_powertools/event_handler
find aws_lambda_powertools/utilities -mindepth 1 -maxdepth 1 -type d \
    ! -name jmespath_utils ! -name typing -exec rm -r {} +

# PyMongo: files in MongoDB.
rm -r gridfs
