"""Presets: the settings that a kind of store needs, and what it lacks. They only set options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from daypass.errors import ConfigError

__all__ = ["PRESETS", "Preset"]

_PATH_STYLE = {"config_kwargs": {"s3": {"addressing_style": "path"}}}
#: For stores that refuse what botocore adds to uploads by itself.
_WITHOUT_CHECKSUMS = {
    "config_kwargs": {
        **_PATH_STYLE["config_kwargs"],
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
}


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
    # It takes any region in a signature's scope: https://docs.ceph.com/en/latest/radosgw/s3/. Version 16 stores whatever
    # a header x-amz-checksum-sha256 says of it, and newer ones have checksums of their own; uploads in parts are named as
    # not held to if_absent on every store but Amazon's.
    "ceph": Preset(
        storage_options=_in_region("us-east-1"),
        example="https://rgw.example.org",
        lacks=("checksum_sha256",),
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
            **_WITHOUT_CHECKSUMS,
        },
        lacks=("if_absent", "checksum_sha256", "tags"),
    ),
    # https://www.backblaze.com/docs/cloud-storage-call-the-s3-compatible-api: Version 4 alone, and among the calls neither a
    # POST of an object nor tags. https://www.backblaze.com/docs/cloud-storage-s3-compatible-api: no ACLs of objects, and
    # x-amz-checksum-* is refused (https://github.com/iterate-ch/cyberduck/issues/16107).
    "b2": Preset(
        storage_options=_WITHOUT_CHECKSUMS,
        endpoint="https://s3.{region}.backblazeb2.com",
        lacks=("acl", "tags", "checksum_sha256", "create_upload_form"),
    ),
    # https://docs.wasabi.com/docs/rest-api-introduction: path style is recommended; tags and CORS are there:
    # https://docs.wasabi.com/docs/object-tagging-with-the-wasabi-s3-api, https://docs.wasabi.com/docs/operations-on-buckets
    "wasabi": Preset(
        storage_options=_PATH_STYLE,
        endpoint="https://s3.{region}.wasabisys.com",
    ),
    # https://docs.digitalocean.com/reference/api/spaces/: the region's slug is signed for; no request payment:
    # https://docs.digitalocean.com/reference/api/spaces-api/
    "spaces": Preset(
        storage_options=_PATH_STYLE,
        endpoint="https://{region}.digitaloceanspaces.com",
        lacks=("requester_pays",),
    ),
    # https://garagehq.deuxfleurs.fr/documentation/connect/: its region is the one in its configuration, mostly garage; path
    # style. https://garagehq.deuxfleurs.fr/documentation/reference-manual/s3-compatibility/: no ACLs, tags or versions.
    "garage": Preset(
        storage_options=_in_region("garage"),
        example="https://garage.example.org",
        lacks=("acl", "tags", "version"),
    ),
    # https://docs.hetzner.com/storage/object-storage/supported-actions/: no request payment.
    "hetzner": Preset(
        storage_options=_PATH_STYLE,
        endpoint="https://{region}.your-objectstorage.com",
        lacks=("requester_pays",),
    ),
    # https://techdocs.akamai.com/cloud-computing/docs/clients-and-tooling: SDKs that add no checksums of their own. Its
    # endpoints are of several kinds, so that only the account's own page says it.
    "linode": Preset(
        storage_options={**_in_region("us-east-1"), **_WITHOUT_CHECKSUMS},
        example="https://us-east-1.linodeobjects.com",
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
