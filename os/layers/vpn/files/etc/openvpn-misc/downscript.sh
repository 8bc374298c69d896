#!/bin/sh
rm -f /run/openvpn/vpn_status/active || true
