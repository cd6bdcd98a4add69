"""Which HTTP status each refusal becomes: the one table. *Source*: security sheet, error contract."""

from app.fhir import errors
from app.fhir.errors import Refusal

STATUSES: dict[type[Refusal], int] = {
    errors.Structure: 400,
    errors.Value: 400,
    errors.Required: 400,
    errors.Invariant: 400,
    errors.CodeInvalid: 400,
    errors.Invalid: 400,
    errors.UnknownParameter: 400,
    errors.TooCostly: 400,
    errors.IfMatchRequired: 400,
    errors.Login: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.UnknownOperation: 404,
    errors.MethodNotAllowed: 405,
    errors.NotAcceptable: 406,
    errors.RequestTimeout: 408,
    errors.Conflict: 409,
    errors.Deleted: 410,
    errors.VersionConflict: 412,
    errors.NoMatch: 412,
    errors.MultipleMatches: 412,
    errors.TooLong: 413,
    errors.TooManyEntries: 413,
    errors.AddressTooLong: 414,
    errors.MediaType: 415,
    errors.BusinessRule: 422,
    errors.Unfit: 422,
    errors.ReferenceNotFound: 422,
    errors.NotSupported: 422,
    errors.Throttled: 429,
    errors.NotReady: 503,
    errors.LockError: 503,
    errors.Timeout: 503,
}


def status_of(refusal: Refusal) -> int:
    return STATUSES[type(refusal)]
