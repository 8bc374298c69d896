#!/bin/sh
# OpenVPN ends when this fails, so it never does.
: >/run/openvpn/vpn_status/active || true
