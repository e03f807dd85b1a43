#!/bin/sh
# Removes the parts of installed wheels that no function uses. Usage: leave_out.sh FOLDER
# tests/deploy/test_artifacts.py shows that the rest works.
set -eu
cd "$1"

# Metadata, stubs and command-line programs.
rm -rf bin .lock ./*.dist-info
find . \( -name '*.pyi' -o -name py.typed \) -delete

# botocore describes 400 services, and Clipo uses three. It also reads .json.gz files.
test ! -d botocore || (
    cd botocore/data
    find . -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name lambda ! -name sqs -exec rm -r {} +
    find s3 lambda sqs -name 'examples*' -delete
    gzip -9n endpoints.json
)

# Powertools: all that the logger and the metrics do not import.
rm -r aws_lambda_powertools/event_handler
find aws_lambda_powertools/utilities -mindepth 1 -maxdepth 1 -type d \
    ! -name jmespath_utils ! -name typing -exec rm -r {} +

# PyMongo: GridFS, files in MongoDB.
test ! -d gridfs || rm -r gridfs

# It imports cryptography, which only a login's tokens need (ADR 50), and then fails without pyOpenSSL.
rm -f pymongo/pyopenssl_context.py
