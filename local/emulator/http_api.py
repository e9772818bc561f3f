"""An HTTP API that is declared by its OpenAPI `Body`, which is what SAM makes of every HttpApi.

ministack creates the API and ignores the document; here its authorizers, routes, integrations and
CORS settings are imported as ImportApi does.
"""

import json
import re
from typing import Any

from ministack.services import apigateway
from ministack.services.cloudformation import provisioners

_FUNCTION_ARN = re.compile(r"functions/(.+)/invocations$")
_ANY_METHOD = "x-amazon-apigateway-any-method"
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", _ANY_METHOD}
_CORS_FIELDS = (
    "allowOrigins",
    "allowMethods",
    "allowHeaders",
    "exposeHeaders",
    "allowCredentials",
    "maxAge",
)


def _created(response: tuple[int, Any, bytes | str]) -> dict[str, Any]:
    status, _, body = response
    if status >= 400:  # noqa: PLR2004 - the first status that is an error
        raise ValueError(f"AWS::ApiGatewayV2::Api Body was refused: {body!r}")
    created: dict[str, Any] = json.loads(body)
    return created


def _import_authorizer(api_id: str, name: str, scheme: dict[str, Any]) -> str:
    authorizer = scheme["x-amazon-apigateway-authorizer"]
    if authorizer["type"] != "jwt":
        raise ValueError(f"authorizer {name} is {authorizer['type']}; only jwt is imported")
    source = authorizer.get("identitySource", "$request.header.Authorization")
    request = {
        "authorizerType": "JWT",
        "name": name,
        "identitySource": [source] if isinstance(source, str) else source,
        "jwtConfiguration": authorizer["jwtConfiguration"],
    }
    imported: str = _created(apigateway._create_authorizer(api_id, request))["authorizerId"]
    return imported


def _import_route(
    api_id: str, key: str, operation: dict[str, Any], authorizers: dict[str, str]
) -> None:
    integration = operation["x-amazon-apigateway-integration"]
    function = _FUNCTION_ARN.search(integration["uri"])
    if function is None:
        raise ValueError(f"{key} integrates {integration['uri']}; only Lambda functions work here")
    integration_id = _created(
        apigateway._create_integration(
            api_id,
            {
                "integrationType": "AWS_PROXY",
                "integrationUri": function[1],
                "payloadFormatVersion": integration["payloadFormatVersion"],
            },
        )
    )["integrationId"]
    route: dict[str, Any] = {"routeKey": key, "target": f"integrations/{integration_id}"}
    for requirement in operation.get("security", []):
        for name, scopes in requirement.items():
            if name != "NONE":  # SAM's name for a public route
                route["authorizationType"] = "JWT"
                route["authorizerId"] = authorizers[name]
                route["authorizationScopes"] = scopes
    _created(apigateway._create_route(api_id, route))


def import_body(api_id: str, body: dict[str, Any]) -> None:
    """Replace what an API has by what its OpenAPI document says."""
    for store in (apigateway._routes, apigateway._integrations, apigateway._authorizers):
        store[api_id] = {}
    schemes = body.get("components", {}).get("securitySchemes", {})
    authorizers = {
        name: _import_authorizer(api_id, name, scheme)
        for name, scheme in schemes.items()
        if "x-amazon-apigateway-authorizer" in scheme
    }
    for path, item in body.get("paths", {}).items():
        for method, operation in item.items():
            if method not in _METHODS:
                continue
            verb = "ANY" if method == _ANY_METHOD else method.upper()
            key = path.removeprefix("/") if path == "/$default" else f"{verb} {path}"
            _import_route(api_id, key, operation, authorizers)
    cors = body.get("x-amazon-apigateway-cors")
    if cors:
        settings = {name: cors[name] for name in _CORS_FIELDS if name in cors}
        apigateway._apis[api_id]["corsConfiguration"] = settings


def install() -> None:
    """Import the Body whenever CloudFormation creates or updates an API."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    create = handlers["create"]
    update = handlers["update"]

    def create_with_body(
        logical_id: str, props: dict[str, Any], stack_name: str
    ) -> tuple[str, dict[str, Any]]:
        api_id, attributes = create(logical_id, props, stack_name)
        if "Body" in props:
            import_body(api_id, props["Body"])
        return api_id, attributes

    def update_with_body(
        physical_id: str,
        old_props: dict[str, Any],
        new_props: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> tuple[str, dict[str, Any]]:
        api_id, attributes = update(physical_id, old_props, new_props, stack_name, logical_id)
        if "Body" in new_props:
            import_body(api_id, new_props["Body"])
        return api_id, attributes

    handlers["create"] = create_with_body
    handlers["update"] = update_with_body
