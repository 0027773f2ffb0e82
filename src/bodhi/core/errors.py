"""Every error in one drawn tree: code, status, and text that is safe to show.

    BodhiError
    ├── CallerError                  the request must change
    │   ├── Unauthenticated          401
    │   │   ├── TokenMissing · TokenUnknown · TokenExpired · TokenRevoked · TokenDisabled
    │   │   └── SignInFailed · SessionEnded · IdentityRefused
    │   ├── Forbidden                403
    │   │   ├── ModelNotAllowed · RoleTooLow · ScopeTooNarrow · SessionNeeded
    │   │   └── CrossSite · ConfirmationNeeded · CapturesNotAllowed
    │   ├── BadRequest               400
    │   │   ├── InvalidJson · ModelMissing · ModelInvalid · ModelAmbiguous · ModelFormatMismatch
    │   │   ├── TokensConflict · InvalidField · InvalidPath · PreviousResponseNotFound
    │   │   ├── SetupCodeWrong · LinkInvalid
    │   │   └── ApiModelUnusable     the api model's own configuration stops the call
    │   ├── NotFound                 404
    │   │   └── UnknownModel · UnknownEndpoint · UnknownObject
    │   ├── MethodNotAllowed 405 · Conflict 409 (LastAdmin) · BodyTooLarge 413 · UnsupportedEncoding 415
    │   └── UpgradeRequired 426 · TooManyAttempts 429
    ├── UpstreamError                the provider did not answer as HTTP asks
    │   ├── UpstreamUnreachable · UpstreamBroke · UpstreamMalformed · UpstreamRedirect   502
    │   └── UpstreamTimeout          504
    └── GatewayError                 Bodhi itself
        ├── StoreUnavailable · Overloaded · IdentityProviderUnavailable   503
        ├── NotReady                 503
        └── InternalError            500

    StartupError                     ends the process before it listens; never rendered to a client

A class's docstring is its default message, so it is written for the person who will read it. An error that
an upstream *answered* is not in this tree: it passes to the client untouched.
"""

from typing import ClassVar

from typing_extensions import override


class BodhiError(Exception):
    """Something went wrong in Bodhi."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    """Whether the same request can succeed later; decides `x-should-retry` for the official SDKs."""

    @override
    def __init_subclass__(
        cls, *, code: str | None = None, status: int | None = None, retryable: bool | None = None
    ) -> None:
        """Give a kind of error its code, and where it differs from its parent's, its status."""
        cls.code = code or cls.code
        cls.status = status or cls.status
        cls.retryable = cls.retryable if retryable is None else retryable

    def __init__(self, message: str | None = None, *, param: str | None = None, retry_after: int | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().split("\n")[0]
        self.param = param
        self.retry_after = retry_after
        super().__init__(self.message)


# The caller


class CallerError(BodhiError, code="bad_request", status=400):
    """The request must change before it can succeed."""


class Unauthenticated(CallerError, code="unauthenticated", status=401):
    """Who is asking could not be established."""


class TokenMissing(Unauthenticated, code="token_missing"):
    """The request carries no Bodhi API token. Send `Authorization: Bearer <token>`, `x-api-key` or `x-goog-api-key`."""


class TokenUnknown(Unauthenticated, code="token_invalid"):
    """This is not a valid Bodhi API token. A provider's own key does not work here: send a Bodhi token instead."""


class TokenExpired(Unauthenticated, code="token_expired"):
    """This Bodhi API token has expired. Create a new one."""


class TokenRevoked(Unauthenticated, code="token_revoked"):
    """This Bodhi API token has been revoked. Create a new one."""


class TokenDisabled(Unauthenticated, code="token_disabled"):
    """This Bodhi API token, or its owner's account, is disabled. Ask an Admin or Manager to enable it."""


class SessionEnded(Unauthenticated, code="session_ended"):
    """Your session has ended. Sign in again."""


class IdentityRefused(Unauthenticated, code="identity_refused"):
    """The identity provider's answer was refused. Begin to sign in again."""


class SignInFailed(Unauthenticated, code="sign_in_failed"):
    """The user name or the password is wrong."""


class Forbidden(CallerError, code="forbidden", status=403):
    """This is not allowed for you."""


class ModelNotAllowed(Forbidden, code="model_not_allowed"):
    """This token may not use that model."""


class RoleTooLow(Forbidden, code="role_too_low"):
    """Your role or your token's scope does not allow this."""


class ScopeTooNarrow(Forbidden, code="scope_too_narrow"):
    """Your API token's scope does not allow this. Use a token with a wider scope, or sign in."""


class SessionNeeded(Forbidden, code="session_needed"):
    """API tokens cannot do this. Sign in, or use the `bodhi` command on the host."""


class CrossSite(Forbidden, code="cross_site_refused"):
    """A page of another site, or of another port, asked for this. Only Bodhi's own pages may use your session."""


class ConfirmationNeeded(Forbidden, code="confirmation_needed"):
    """This needs a recent sign-in. Confirm with your password, or sign in again, then repeat the request."""


class CapturesNotAllowed(Forbidden, code="captures_not_allowed"):
    """Reading captured prompts and completions needs a permission of its own, which an Admin gives."""


class BadRequest(CallerError, code="bad_request", status=400):
    """The request is malformed."""


class InvalidJson(BadRequest, code="invalid_json"):
    """The request body is not a JSON object."""


class ModelMissing(BadRequest, code="model_missing"):
    """The request does not name a model. Set `model` in the request body."""


class ModelInvalid(BadRequest, code="model_invalid"):
    """`model` must be a non-empty string."""


class ModelAmbiguous(BadRequest, code="model_ambiguous"):
    """`model` must occur once in the request body, spelled plainly, and agree with the path."""


class ModelFormatMismatch(BadRequest, code="model_format_mismatch"):
    """This model is served in another API format."""


class TokensConflict(BadRequest, code="tokens_conflict"):
    """The request carries two different valid tokens. Send one."""


class InvalidField(BadRequest, code="invalid_field"):
    """A field has a value that is not allowed."""


class InvalidPath(BadRequest, code="invalid_path"):
    """The request path is malformed."""


class PreviousResponseNotFound(BadRequest, code="previous_response_not_found"):
    """The previous response or conversation that the request names does not exist here."""


class SetupCodeWrong(BadRequest, code="setup_code_wrong"):
    """The setup code is wrong or already used. The current one is in the file `setup-code` in Bodhi's home folder."""


class LinkInvalid(BadRequest, code="link_invalid"):
    """This link is wrong, used or expired. Ask whoever sent it for a new one."""


class ApiModelUnusable(BadRequest, code="api_model_unusable"):
    """The api model for this call is misconfigured. Ask whoever maintains it to open and save it again."""


class NotFound(CallerError, code="not_found", status=404):
    """There is nothing here by that name."""


class UnknownModel(NotFound, code="model_not_found"):
    """No api model serves this model."""


class UnknownEndpoint(NotFound, code="endpoint_not_found"):
    """Bodhi has no such endpoint."""


class UnknownObject(NotFound, code="object_not_found"):
    """No object with this id exists."""


class MethodNotAllowed(CallerError, code="method_not_allowed", status=405):
    """This endpoint does not take that method."""


class Conflict(CallerError, code="conflict", status=409):
    """This clashes with something that already exists."""


class LastAdmin(Conflict, code="last_admin"):
    """This would leave Bodhi without an Admin who can sign in. Make somebody else an Admin first."""


class BodyTooLarge(CallerError, code="body_too_large", status=413):
    """The request body is larger than this gateway accepts."""


class UnsupportedEncoding(CallerError, code="unsupported_encoding", status=415):
    """Compressed request bodies are not accepted. Send the body without Content-Encoding."""


class UpgradeRequired(CallerError, code="websocket_not_served", status=426):
    """WebSockets are not served on this path. Use HTTP POST."""


class TooManyAttempts(CallerError, code="too_many_attempts", status=429, retryable=True):
    """Too many attempts. Wait before the next one."""


# The upstream


class UpstreamError(BodhiError, code="upstream_error", status=502, retryable=True):
    """The provider could not be used."""


class UpstreamUnreachable(UpstreamError, code="upstream_unreachable"):
    """Network error: the provider could not be reached."""


class UpstreamBroke(UpstreamError, code="upstream_broke_off"):
    """The provider closed the connection before its answer was complete."""


class UpstreamMalformed(UpstreamError, code="upstream_malformed"):
    """The provider's answer is not valid HTTP."""


class UpstreamRedirect(UpstreamError, code="upstream_redirect", retryable=False):
    """The provider answered with a redirect, which Bodhi never follows. Correct the api model's base URL."""


class UpstreamTimeout(UpstreamError, code="upstream_timeout", status=504):
    """The provider did not answer in time."""


# The gateway


class GatewayError(BodhiError, code="gateway_error", status=500):
    """Bodhi could not do its part."""


class StoreUnavailable(GatewayError, code="store_unavailable", status=503, retryable=True):
    """Bodhi's store does not answer right now, so this could not be decided. Try again shortly."""


class Overloaded(GatewayError, code="overloaded", status=503, retryable=True):
    """Bodhi has no capacity for this call right now. Try again shortly."""


class IdentityProviderUnavailable(GatewayError, code="identity_provider_unavailable", status=503, retryable=True):
    """The identity provider could not be reached or did not answer as OpenID Connect asks. Try again shortly."""


class NotReady(GatewayError, code="setup_required", status=503):
    """Bodhi has no Admin yet. Open the setup link that `bodhi serve` printed, or run `bodhi setup`."""


class InternalError(GatewayError, code="internal_error", status=500):
    """An internal error in Bodhi. The log has the details under this request's id."""


# Before listening


class StartupError(Exception):
    """Bodhi cannot start.

    Args:
        message: what happened and what to do, for the terminal.
        exit_status: the process's exit status; distinct per cause so that scripts can tell them apart.
    """

    def __init__(self, message: str, exit_status: int = 1) -> None:
        self.message = message
        self.exit_status = exit_status
        super().__init__(message)
