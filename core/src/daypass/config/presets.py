"""Presets: the settings that a kind of store needs, and what it lacks. They only set options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from daypass.errors import ConfigError

__all__ = ["PRESETS", "Preset"]

_PATH_STYLE = {"config_kwargs": {"s3": {"addressing_style": "path"}}}


@attrs.frozen(kw_only=True)
class Preset:
    """What a profile of this kind of store has where it says nothing itself."""

    #: The protocols that the profile's ``url`` may have.
    protocols: tuple[str, ...] = ("s3", "s3a")
    storage_options: Mapping[str, Any] = attrs.field(factory=dict)
    #: Methods, options and functions that the store lacks.
    lacks: tuple[str, ...] = ()
    #: What the signer is told of the store.
    signer_options: Mapping[str, Any] = attrs.field(factory=dict)
    #: An endpoint that is made of the region's name.
    endpoint: str | None = None
    #: Options that would be ignored beside the preset's own.
    contradicts: tuple[str, ...] = ()
    #: What an endpoint looks like, where only the profile can say it.
    example: str | None = None

    def settings(self, name: str, url: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings as a profile's table.

        Args:
            name: the preset's name, for messages.
            url: the profile's URL.
            options: the profile's own ``storage_options``.

        Raises:
            ConfigError: if the profile does not say what only it can.

        """
        protocol = url.partition("://")[0]
        if protocol not in self.protocols:
            msg = f"the preset {name} is for {self.protocols[0]}://, and the url is {protocol}://"
            raise ConfigError(msg)
        if (wrong := [key for key in self.contradicts if key in options]) and not (
            self.storage_options.keys() & options.keys()
        ):
            names = ", ".join(self.storage_options)
            msg = f"the preset {name} sets {names}, beside which {wrong[0]} means nothing: give {names} instead"
            raise ConfigError(msg)
        found = dict(self.storage_options)
        if _endpoint_in(options) is None:
            if self.endpoint is not None:
                region = _region_in(options)
                if not region:
                    msg = f"the preset {name} needs the region: storage_options.client_kwargs.region_name"
                    raise ConfigError(msg)
                found["endpoint_url"] = self.endpoint.format(region=region)
            elif self.example is not None:
                msg = (
                    f"the preset {name} needs storage_options.endpoint_url, such as {self.example}"
                )
                raise ConfigError(msg)
        return {
            "storage_options": found,
            "signer_options": dict(self.signer_options),
            "capabilities": dict.fromkeys(self.lacks, False),
        }


def _client(options: Mapping[str, Any]) -> Mapping[str, Any]:
    client = options.get("client_kwargs")
    return client if isinstance(client, Mapping) else {}


def _endpoint_in(options: Mapping[str, Any]) -> object:
    """Return the endpoint that the profile names; an empty text is one that was named, and is refused later."""
    own = options.get("endpoint_url")
    return _client(options).get("endpoint_url") if own is None else own


def _region_in(options: Mapping[str, Any]) -> object:
    return _client(options).get("region_name")


def _in_region(name: str) -> dict[str, Any]:
    return {**_PATH_STYLE, "client_kwargs": {"region_name": name}}


PRESETS = {
    # Its region is us-east-1 unless the server says otherwise:
    # https://min.io/docs/minio/linux/reference/minio-server/settings/core.html (MINIO_SITE_REGION)
    "minio": Preset(
        storage_options=_in_region("us-east-1"),
        example="https://minio.example.org:9000",
    ),
    # https://docs.outscale.com/en/userguide/Creating-a-Pre-Signed-URL.html: no POST, at most 7 days,
    # the endpoint of the region; https://docs.outscale.com/en/userguide/About-Endpoints.html
    "outscale": Preset(
        storage_options=_PATH_STYLE,
        endpoint="https://oos.{region}.outscale.com",
        lacks=("create_upload_form",),
    ),
    # Its s3api knows no POST Object and no tags: https://docs.openstack.org/swift/latest/s3_compat.html; its
    # region is us-east-1 unless proxy-server.conf says otherwise (s3api, location).
    "swiftstack": Preset(
        storage_options=_in_region("us-east-1"),
        example="https://swift.example.org",
        lacks=("tags", "create_upload_form"),
        # Held against it by tests/plugins/s3/test_unsigned.py.
        signer_options={"refuses_unsigned_headers": True},
    ),
    # It takes any region in a signature's scope: https://docs.ceph.com/en/latest/radosgw/s3/
    "ceph": Preset(
        storage_options=_in_region("us-east-1"),
        example="https://rgw.example.org",
    ),
    # https://developers.cloudflare.com/r2/api/s3/presigned-urls/: GET, HEAD, PUT and DELETE; no POST.
    # https://developers.cloudflare.com/r2/api/s3/api/: the region is auto; no ACLs, no tags, no requester pays.
    "r2": Preset(
        storage_options=_in_region("auto"),
        example="https://ACCOUNT_ID.r2.cloudflarestorage.com",
        lacks=("acl", "tags", "requester_pays", "create_upload_form"),
    ),
    # https://cloud.google.com/storage/docs/interoperability: HMAC keys on the XML API.
    # https://cloud.google.com/storage/docs/xml-api/reference-headers: it takes If-None-Match on reads
    # alone, no x-amz-checksum-* and no x-amz-tagging; uploads with botocore's own checksums fail:
    # https://github.com/boto/boto3/issues/4400
    "gcs-interop": Preset(
        storage_options={
            "endpoint_url": "https://storage.googleapis.com",
            "client_kwargs": {"region_name": "auto"},
            "config_kwargs": {
                **_PATH_STYLE["config_kwargs"],
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
            },
        },
        lacks=("if_absent", "checksum_sha256", "tags"),
    ),
    # https://docs.nvidia.com/aistore/s3compat: the endpoint is /s3 of a gateway, which takes a POST for
    # uploads in parts and for deleting many objects, and for nothing else (ais/prxs3.go).
    "aistore": Preset(
        storage_options=_in_region("us-east-1"),
        example="https://aistore.example.org:51080/s3",
        lacks=("create_upload_form",),
    ),
    # https://docs.localstack.cloud/references/credentials/: any key, and its secret is test.
    "localstack": Preset(
        storage_options={
            **_in_region("us-east-1"),
            "endpoint_url": "http://localhost:4566",
            "key": "test",
            "secret": "test",
        },
    ),
    # https://learn.microsoft.com/azure/storage/common/storage-use-azurite: its published account.
    "azurite": Preset(
        protocols=("az", "abfs", "abfss"),
        storage_options={
            "connection_string": "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
            "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
            "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"
        },
        contradicts=("account_host", "account_name", "account_key"),
    ),
}
