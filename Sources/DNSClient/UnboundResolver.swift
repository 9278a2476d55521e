internal import CUnbound
internal import DNS
