"""The one error of both ways to AWS: `signed` and `sdk`."""


class RequestFailed(Exception):
    """AWS refused a request, or did not answer it."""

    def __init__(self, code: str) -> None:
        """Take AWS's code, the HTTP status of an answer without one, or the name of another error.

        https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
        """
        super().__init__(code)
        self.code = code
