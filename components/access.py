"""What people open notebooks and TensorBoards with: a token, in a Secret."""

import pulumi

from components.manifests import Manifest, sign_in, tokens
from components.objects import Secret


def derived_token(
    key: pulumi.Input[str], kind: str, workspace: str, name: str
) -> pulumi.Output[str]:
    """A resource's token, made of a secret of the stack's configuration; it is secret, too.

    It fails with pulumi.RunError where the key could be guessed, and with it each token.
    """

    def derive(known: str) -> str:
        if len(known) < tokens.KEY_LENGTH:
            raise pulumi.RunError(
                "easymaker:tokenKey, which the tokens of notebooks and TensorBoards are made of, "
                f"has fewer than {tokens.KEY_LENGTH} characters: draw one with "
                "`openssl rand -hex 32`"
            )
        return tokens.token(known, kind, workspace, name)

    return pulumi.Output.secret(key).apply(derive)


def token_secret(
    name: str, metadata: Manifest, token: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> Secret:
    """The Secret, the only place where the token is, and what is made of it for a proxy."""
    secret = pulumi.Output.secret(token)
    data = {tokens.ENTRY: secret, sign_in.COOKIE_ENTRY: secret.apply(tokens.cookie_secret)}
    return Secret(name, metadata=metadata, string_data=data, opts=opts)


def fingerprint(token: pulumi.Input[str]) -> pulumi.Output[str]:
    """What tells tokens apart. It is no secret: as one it would hide the pod's other changes."""
    return pulumi.Output.unsecret(pulumi.Output.secret(token).apply(tokens.fingerprint))
