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


class BodhiError(Exception):
    """Something went wrong in Bodhi."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    """Whether the same request can succeed later; decides `x-should-retry` for the official SDKs."""

    def __init__(self, message: str | None = None, *, param: str | None = None, retry_after: int | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().split("\n")[0]
        self.param = param
        self.retry_after = retry_after
        super().__init__(self.message)


# The caller


class CallerError(BodhiError):
    """The request must change before it can succeed."""

    code = "bad_request"
    status = 400


class Unauthenticated(CallerError):
    """Who is asking could not be established."""

    code = "unauthenticated"
    status = 401


class TokenMissing(Unauthenticated):
    """The request carries no Bodhi API token. Send `Authorization: Bearer <token>`, `x-api-key` or `x-goog-api-key`."""

    code = "token_missing"


class TokenUnknown(Unauthenticated):
    """This is not a valid Bodhi API token. A provider's own key does not work here: send a Bodhi token instead."""

    code = "token_invalid"


class TokenExpired(Unauthenticated):
    """This Bodhi API token has expired. Create a new one."""

    code = "token_expired"


class TokenRevoked(Unauthenticated):
    """This Bodhi API token has been revoked. Create a new one."""

    code = "token_revoked"


class TokenDisabled(Unauthenticated):
    """This Bodhi API token, or its owner's account, is disabled. Ask an Admin or Manager to enable it."""

    code = "token_disabled"


class SessionEnded(Unauthenticated):
    """Your session has ended. Sign in again."""

    code = "session_ended"


class IdentityRefused(Unauthenticated):
    """The identity provider's answer was refused. Begin to sign in again."""

    code = "identity_refused"


class SignInFailed(Unauthenticated):
    """The user name or the password is wrong."""

    code = "sign_in_failed"


class Forbidden(CallerError):
    """This is not allowed for you."""

    code = "forbidden"
    status = 403


class ModelNotAllowed(Forbidden):
    """This token may not use that model."""

    code = "model_not_allowed"


class RoleTooLow(Forbidden):
    """Your role or your token's scope does not allow this."""

    code = "role_too_low"


class ScopeTooNarrow(Forbidden):
    """Your API token's scope does not allow this. Use a token with a wider scope, or sign in."""

    code = "scope_too_narrow"


class SessionNeeded(Forbidden):
    """API tokens cannot do this. Sign in, or use the `bodhi` command on the host."""

    code = "session_needed"


class CrossSite(Forbidden):
    """A page of another site, or of another port, asked for this. Only Bodhi's own pages may use your session."""

    code = "cross_site_refused"


class ConfirmationNeeded(Forbidden):
    """This needs a recent sign-in. Confirm with your password, or sign in again, then repeat the request."""

    code = "confirmation_needed"


class CapturesNotAllowed(Forbidden):
    """Reading captured prompts and completions needs a permission of its own, which an Admin gives."""

    code = "captures_not_allowed"


class BadRequest(CallerError):
    """The request is malformed."""

    code = "bad_request"
    status = 400


class InvalidJson(BadRequest):
    """The request body is not a JSON object."""

    code = "invalid_json"


class ModelMissing(BadRequest):
    """The request does not name a model. Set `model` in the request body."""

    code = "model_missing"


class ModelInvalid(BadRequest):
    """`model` must be a non-empty string."""

    code = "model_invalid"


class ModelAmbiguous(BadRequest):
    """`model` must occur once in the request body, spelled plainly, and agree with the path."""

    code = "model_ambiguous"


class ModelFormatMismatch(BadRequest):
    """This model is served in another API format."""

    code = "model_format_mismatch"


class TokensConflict(BadRequest):
    """The request carries two different valid tokens. Send one."""

    code = "tokens_conflict"


class InvalidField(BadRequest):
    """A field has a value that is not allowed."""

    code = "invalid_field"


class InvalidPath(BadRequest):
    """The request path is malformed."""

    code = "invalid_path"


class PreviousResponseNotFound(BadRequest):
    """The previous response or conversation that the request names does not exist here."""

    code = "previous_response_not_found"


class SetupCodeWrong(BadRequest):
    """The setup code is wrong or already used. The current one is in the file `setup-code` in Bodhi's home folder."""

    code = "setup_code_wrong"


class LinkInvalid(BadRequest):
    """This link is wrong, used or expired. Ask whoever sent it for a new one."""

    code = "link_invalid"


class ApiModelUnusable(BadRequest):
    """The api model for this call is misconfigured. Ask whoever maintains it to open and save it again."""

    code = "api_model_unusable"


class NotFound(CallerError):
    """There is nothing here by that name."""

    code = "not_found"
    status = 404


class UnknownModel(NotFound):
    """No api model serves this model."""

    code = "model_not_found"


class UnknownEndpoint(NotFound):
    """Bodhi has no such endpoint."""

    code = "endpoint_not_found"


class UnknownObject(NotFound):
    """No object with this id exists."""

    code = "object_not_found"


class MethodNotAllowed(CallerError):
    """This endpoint does not take that method."""

    code = "method_not_allowed"
    status = 405


class Conflict(CallerError):
    """This clashes with something that already exists."""

    code = "conflict"
    status = 409


class LastAdmin(Conflict):
    """This would leave Bodhi without an Admin who can sign in. Make somebody else an Admin first."""

    code = "last_admin"


class BodyTooLarge(CallerError):
    """The request body is larger than this gateway accepts."""

    code = "body_too_large"
    status = 413


class UnsupportedEncoding(CallerError):
    """Compressed request bodies are not accepted. Send the body without Content-Encoding."""

    code = "unsupported_encoding"
    status = 415


class UpgradeRequired(CallerError):
    """WebSockets are not served on this path. Use HTTP POST."""

    code = "websocket_not_served"
    status = 426


class TooManyAttempts(CallerError):
    """Too many attempts. Wait before the next one."""

    code = "too_many_attempts"
    status = 429
    retryable = True


# The upstream


class UpstreamError(BodhiError):
    """The provider could not be used."""

    code = "upstream_error"
    status = 502
    retryable = True


class UpstreamUnreachable(UpstreamError):
    """Network error: the provider could not be reached."""

    code = "upstream_unreachable"


class UpstreamBroke(UpstreamError):
    """The provider closed the connection before its answer was complete."""

    code = "upstream_broke_off"


class UpstreamMalformed(UpstreamError):
    """The provider's answer is not valid HTTP."""

    code = "upstream_malformed"


class UpstreamRedirect(UpstreamError):
    """The provider answered with a redirect, which Bodhi never follows. Correct the api model's base URL."""

    code = "upstream_redirect"
    retryable = False


class UpstreamTimeout(UpstreamError):
    """The provider did not answer in time."""

    code = "upstream_timeout"
    status = 504


# The gateway


class GatewayError(BodhiError):
    """Bodhi could not do its part."""

    code = "gateway_error"
    status = 500


class StoreUnavailable(GatewayError):
    """Bodhi's store does not answer right now, so this could not be decided. Try again shortly."""

    code = "store_unavailable"
    status = 503
    retryable = True


class Overloaded(GatewayError):
    """Bodhi has no capacity for this call right now. Try again shortly."""

    code = "overloaded"
    status = 503
    retryable = True


class IdentityProviderUnavailable(GatewayError):
    """The identity provider could not be reached or did not answer as OpenID Connect asks. Try again shortly."""

    code = "identity_provider_unavailable"
    status = 503
    retryable = True


class NotReady(GatewayError):
    """Bodhi has no Admin yet. Open the setup link that `bodhi serve` printed, or run `bodhi setup`."""

    code = "setup_required"
    status = 503


class InternalError(GatewayError):
    """An internal error in Bodhi. The log has the details under this request's id."""

    code = "internal_error"
    status = 500


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
