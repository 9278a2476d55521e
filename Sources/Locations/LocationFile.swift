internal import NetAddress
