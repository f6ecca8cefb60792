"""The presets that there are: core's own, and those that distributions bring."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from daypass.errors import ConfigError, PluginError
from daypass.hookspecs.presets import Preset

__all__ = ["GROUP", "PRESETS", "preset", "preset_names"]

#: Where distributions name the presets that they bring.
GROUP = "daypass.presets"

_PATH_STYLE = {"config_kwargs": {"s3": {"addressing_style": "path"}}}
#: For stores that refuse what botocore adds to uploads by itself.
_WITHOUT_CHECKSUMS = {
    "config_kwargs": {
        **_PATH_STYLE["config_kwargs"],
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
}


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


def preset_names() -> frozenset[str]:
    """Name all presets; no distribution is imported for it."""
    return frozenset({*PRESETS, *_brought()})


def preset(name: str) -> Preset:
    """Return a preset; the distribution that brings it is imported now.

    Raises:
        ConfigError: if several bring one of this name, or one and daypass itself.
        PluginError: if what brings it cannot be imported, or has none of this name.

    """
    from daypass.backends.discovery import blaming, load, source

    brought = _brought().get(name, [])
    if name in PRESETS:
        if not brought:
            return PRESETS[name]
        msg = f"the preset {name} is one of daypass itself, and {source(brought[0])} brings another: it needs another name there, or uninstall that"
        raise ConfigError(msg)
    if len(brought) > 1:
        names = " and ".join(sorted(map(source, brought)))
        msg = f"the preset {name} is brought by {names}: uninstall all of them but one"
        raise ConfigError(msg)
    (entry,) = brought
    module = load(entry)
    with blaming(entry):
        found = getattr(module, "PRESETS", None)
        one = found.get(name) if isinstance(found, dict) else None
        if not isinstance(one, Preset):
            msg = f"the module {entry.value} has no preset {name}: write PRESETS = {{{name!r}: Preset(...)}} in it"
            raise PluginError(msg, plugin=entry.value)
    return one


def _brought() -> dict[str, list[EntryPoint]]:
    from daypass.backends.loading import registry  # only where a profile names a preset

    return registry.claims(GROUP)
